"""What lines of the log say of the work during which they are written, beside their text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar

Fields = Mapping[str, object]

_about: ContextVar[Callable[[], Fields] | None] = ContextVar("dialogue_log_fields", default=None)


def log_about(fields: Callable[[], Fields]) -> None:
    """Let all lines that are written in this task, and in those that it begins from now on, have these fields.

    `fields` is asked when a line is written, and not before. It gives ids and names (`session`, `user`, `request`,
    `request_id`, `room`, `event_name`), and never what an event holds, nor a token.
    """
    _about.set(fields)


def log_fields() -> Fields:
    """The fields of a line that is written now."""
    fields = _about.get()
    return {} if fields is None else fields()
