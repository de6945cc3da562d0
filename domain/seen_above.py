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
    if event.seq is None:
        return True
    return event.seq > floor and (event.name != REDACTED or Redaction.told_by(event).seq > floor)
