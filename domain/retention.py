"""Which of a stream's events are removed for good."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .position import StreamFloor

MAX_LOOKED_AT = 100_000
"""Behind how many events whose arrival cannot be right older ones are looked for, at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """An event's places, and when it came: by the clock at that time, which may have been wrong."""

    event_seq: int
    seq: int
    arrived_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """A stream keeps its newest `max_events`, and of these the ones not older than `max_age_ms`; None is no bound."""

    max_events: int | None = None
    max_age_ms: int | None = None

    def floor(self, oldest: Iterable[Arrived], newest: Arrived, *, now_ms: int, limit: int) -> StreamFloor | None:
        """Where the stream is to begin when up to `limit` of its events are gone; None where none is to go.

        `oldest` are its events, oldest first, of which no more are taken than are needed; `newest` is the last one.
        Through the newest event that is past its age all go, also those between whose arrival says that they are young:
        a clock that was wrong for a while must not hold back what came after it.
        """
        last: Arrived | None = None
        end: Arrived | None = None
        for count, event in enumerate(oldest, start=1):
            if self._is_past(event, newest, now_ms):
                last = event
            if count <= limit:
                end = event
            if (last is not None and count >= limit) or count == MAX_LOOKED_AT:
                break
            if last is not event and event.arrived_ms <= min(now_ms, newest.arrived_ms):
                break  # from here on times are in order, as far as anybody can tell
        if last is None or end is None:
            return None
        to = last if last.event_seq <= end.event_seq else end
        return StreamFloor(event_seq=to.event_seq, seq=to.seq)

    def _is_past(self, event: Arrived, newest: Arrived, now_ms: int) -> bool:
        if self.max_events is not None and event.event_seq <= newest.event_seq - self.max_events:
            return True
        return self.max_age_ms is not None and event.arrived_ms < now_ms - self.max_age_ms
