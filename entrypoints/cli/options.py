"""An option for each setting, made from what `Settings` says of it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any, Literal, get_args, get_origin

import typer
from pydantic.fields import FieldInfo
from rich.markup import escape

from ..settings.environment import ENV_PREFIX
from ..settings.settings import Settings

PANEL = "Settings"
FIRST = ("host", "port", "database")
"""The settings that stand among a command's own options, before all the others."""


def option_name(setting: str) -> str:
    """How the setting is called on the command line: without its unit, which is seconds there too."""
    return "--" + setting.removesuffix("_s").replace("_", "-")


def with_settings(command: Callable[[str | None, dict[str, Any]], None]) -> Callable[..., None]:
    """`command(target, overrides)` as typer takes it: with an option for each setting, None where it was not given."""
    first, *_ = inspect.signature(command, eval_str=True).parameters.values()
    target = first.replace(default=None)

    def run(target: str | None, **overrides: Any) -> None:
        command(target, overrides)

    options = [_option(name, field) for name, field in Settings.model_fields.items()]
    run.__signature__ = inspect.Signature([target, *options])  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in (target, *options)}
    run.__doc__ = command.__doc__
    run.__name__ = command.__name__
    return run


def _option(name: str, field: FieldInfo) -> inspect.Parameter:
    is_flag = field.annotation is bool
    said = f"{escape(field.description or '')} {_choices(field)}"
    option = typer.Option(
        option_name(name),
        metavar=None if is_flag else _metavar(name, field),
        help=f"{said}[dim]{_default(field)}{ENV_PREFIX}{name.upper()}[/dim]",
        rich_help_panel=None if name in FIRST else PANEL,
    )
    kind = Annotated[bool | None if is_flag else str | None, option]  # type: ignore[valid-type]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)


def _metavar(name: str, field: FieldInfo) -> str:
    if name.endswith("_s"):
        return "SECONDS"
    kind = field.annotation
    return "NUMBER" if kind in (int, float) else "LIST" if get_origin(kind) is list else "TEXT"


def _choices(field: FieldInfo) -> str:
    return f"({', '.join(get_args(field.annotation))}) " if get_origin(field.annotation) is Literal else ""


def _default(field: FieldInfo) -> str:
    default = field.get_default(call_default_factory=True)
    text = ",".join(default) if isinstance(default, list) else str(default)
    return "" if default is False or not text else f"{escape(text)}, "
