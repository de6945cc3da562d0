"""How the log looks."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

from ..application.log_fields import log_fields


def configure_logs(level: str, form: str = "auto") -> None:
    """Write log lines to standard error: `console` for people, `json` a JSON object each, `auto` as it fits.

    Whatever somebody sends cannot make a line of its own, or colour one: it is escaped, and a trace's lines are
    indented.
    """
    is_terminal = sys.stderr.isatty()
    for_people = is_terminal if form == "auto" else form == "console"
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        _add_fields,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if for_people else "iso", utc=not for_people),
    ]
    renderer: list[structlog.typing.Processor] = (
        [
            structlog.processors.format_exc_info,
            _escape,
            structlog.dev.ConsoleRenderer(colors=is_terminal, exception_formatter=structlog.dev.plain_traceback),
        ]
        if for_people
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str)]
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
    )
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    logging.getLogger("uvicorn.error").setLevel(max(logging.WARNING, root.level))
    logging.getLogger("alembic").setLevel(logging.WARNING)


def _add_fields(_logger: Any, _name: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """What the line belongs to, where the line does not say so itself."""
    for name, value in log_fields().items():
        line.setdefault(name, value)
    return line


def _escape(_logger: Any, _name: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    for name, value in line.items():
        if name == "exception":
            line[name] = "\n".join(f"    {_printable(each)}" for each in str(value).split("\n"))
        elif isinstance(value, str):
            line[name] = _printable(value)
    return line


def _printable(text: str) -> str:
    """`text` in which line ends, control characters and those that turn the order of writing are escaped."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
