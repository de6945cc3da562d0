"""Finding the application that `MODULE:NAME` names."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from traceback import print_exception
from types import TracebackType
from typing import Any, NoReturn

from ...domain.errors import ConfigurationError, DialogueError
from ..chat import create_chat
from ..dialogue_app import DialogueApp


def load_app(target: str | None) -> DialogueApp:
    """The application `MODULE:NAME`, looked for from the current folder on; the bundled chat for None.

    Raises ConfigurationError, in one line, where there is none. Where the module itself raises, its traceback is shown,
    from its own first line on, and the program ends.
    """
    if target is None:
        return create_chat()
    module_name, _, name = target.partition(":")
    if not module_name or not name:
        raise ConfigurationError(f"{target!r} must be MODULE:NAME, as in chat:dialogue")
    sys.path.insert(0, "")
    module = _run(import_module, module_name)
    app = getattr(module, name, None)
    if app is None:
        raise ConfigurationError(f"The module {module_name!r} has no {name!r}")
    if callable(app) and not isinstance(app, DialogueApp):
        app = _run(app)
    if not isinstance(app, DialogueApp):
        raise ConfigurationError(f"{target!r} is a {type(app).__name__}, not what create_dialogue returns")
    return app


def _run(code: Callable[..., Any], *arguments: object) -> Any:
    """Run what the user wrote."""
    try:
        return code(*arguments)
    except DialogueError:
        raise
    except Exception as error:
        if code is import_module and _is_missing(str(*arguments), error):
            raise ConfigurationError(f"There is no module {arguments[0]!r} in this folder or on the path") from error
        _end_with(error)


def _is_missing(module_name: str, error: Exception) -> bool:
    """Whether it is the module itself that was not found, or a package that it would be in."""
    missing = error.name if isinstance(error, ModuleNotFoundError) else None
    return missing is not None and f"{module_name}.".startswith(f"{missing}.")


def _end_with(error: Exception) -> NoReturn:
    print_exception(type(error), error, _of_the_user(error.__traceback__))
    sys.exit(1)


def _of_the_user(trace: TracebackType | None) -> TracebackType | None:
    """The rest of `trace` from the user's first line on; how we came there helps nobody."""
    while trace is not None and _is_on_the_way(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    return trace


def _is_on_the_way(file: str) -> bool:
    return file == __file__ or file.startswith("<frozen importlib") or Path(file).parent.name == "importlib"
