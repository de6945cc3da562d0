"""A contiguous run of history, and the forms in which one is asked for (`protocol.md`, "Reading history")."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from .event import Event

MAX_LIMIT = 1_000
DEFAULT_LIMIT = 50


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest events."""


@dataclass(frozen=True, slots=True)
class Before:
    """The newest events with a seq smaller than `seq`."""

    seq: int


@dataclass(frozen=True, slots=True)
class After:
    """The oldest events with a seq larger than `seq`."""

    seq: int


@dataclass(frozen=True, slots=True)
class Around:
    """Events on both sides of `seq`, about half of them older; the one at `seq` included."""

    seq: int


@dataclass(frozen=True, slots=True)
class BeforeTime:
    """Like `Before` the room's first event of that time (milliseconds since the Unix epoch) or later."""

    timestamp_ms: int


@dataclass(frozen=True, slots=True)
class AfterTime:
    """Like `After` the room's first event of that time (milliseconds since the Unix epoch) or later."""

    timestamp_ms: int


@dataclass(frozen=True, slots=True)
class Offsets:
    """From `start` to `end` (exclusive) of one name's events, counted from the newest, or from the newest with
    seq ≤ `anchor`."""

    start: int
    end: int
    anchor: int | None = None


PageForm = Newest | Before | After | Around | BeforeTime | AfterTime | Offsets


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLimit:
    """Where a page ends at the latest: after so many events, or before so many bytes of payload and meta.

    A page has at least one event where there is one, however large that is.
    """

    events: int = DEFAULT_LIMIT
    size: int = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """A question for history: `event_name` is one name, or None for all that have history, merged by seq.

    `epoch`, where given, must be the room's own.
    """

    room_id: str
    event_name: str | None = None
    form: PageForm = Newest()
    limit: int = DEFAULT_LIMIT
    epoch: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A contiguous run of history, newest first.

    `has_more` tells whether there is more in the direction asked (newer for `After`, else older); `has_more_after`, for
    `Around` alone, whether there is more that is newer.
    """

    room_id: str
    event_name: str | None
    epoch: str
    events: tuple[Event, ...]
    has_more: bool
    has_more_after: bool | None = None


def fitting(run: Iterable[Event], limit: PageLimit) -> list[Event]:
    """The beginning of `run` that `limit` lets through, at least one event where there is one."""
    taken: list[Event] = []
    size = 0
    for event in islice(run, limit.events):
        size += len(event.payload) + len(event.meta or b"")
        if taken and size > limit.size:
            break
        taken.append(event)
    return taken
