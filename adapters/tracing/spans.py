"""Spans, and how they end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from opentelemetry.util.types import AttributeValue

from ...domain.errors import DialogueError

ROOM, EVENT, EVENTS, SEQ, SESSION, CODE = (
    "dialogue.room",
    "dialogue.event",
    "dialogue.events",
    "dialogue.seq",
    "dialogue.session",
    "dialogue.code",
)


def tracer() -> trace.Tracer:
    """Of the program's own provider, where it has set one, else of the one that `provide` sets."""
    return trace.get_tracer("dialogue")


@contextmanager
def span(name: str, attributes: dict[str, AttributeValue], kind: SpanKind = SpanKind.INTERNAL) -> Iterator[Span]:
    """A span that is the current one for as long as the context lasts; what is raised there is its failure."""
    with tracer().start_as_current_span(
        name, kind=kind, attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as current:
        try:
            yield current
        except BaseException as error:
            failed(current, error)
            raise


def failed(current: Span, error: BaseException) -> None:
    """What the span is about was refused, or broke. The message stays out of it: it may quote what somebody sent."""
    code = error.code if isinstance(error, DialogueError) else type(error).__name__
    current.set_attribute(CODE, code)
    current.set_status(Status(StatusCode.ERROR, code))
