"""What a user may know of who may not read a room's whole history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .event import Event
from .names import REDACTED
from .redaction import Redaction


def seen_above(events: Iterable[Event], floor: int) -> Sequence[Event]:
    """Of `events` those that a user with that floor may know of: none below it, nor what tells that one is blank."""
    return [event for event in events if is_seen_above(event, floor)]


def is_seen_above(event: Event, floor: int) -> bool:
    """Whether a user with that floor may know of the event."""
    return event.seq is None or _lowest_named(event, event.seq) > floor


def lowest_named(events: Iterable[Event]) -> float:
    """The smallest seq that these events have, or tell of: whoever has a floor below it may know of them all."""
    return min((_lowest_named(event, event.seq) for event in events if event.seq is not None), default=float("inf"))


def _lowest_named(event: Event, seq: int) -> int:
    if event.name != REDACTED or event.is_redacted:
        return seq
    return min(seq, Redaction.told_by(event).seq)
