"""The newest events of one stream, in memory."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence

from .event import Event


class HistoryBuffer:
    """The newest `limit` events of a stream, oldest first inside, contiguous by event seq.

    What falls out at the old end is *evicted*. Slots of evicted events are reclaimed in bites, so that a push costs the
    same however full the buffer is.
    """

    __slots__ = ("_events", "_limit", "_start")

    def __init__(self, limit: int) -> None:
        if limit < 0:
            raise ValueError(f"limit must be 0 or more, not {limit}")
        self._limit = limit
        self._events: list[Event] = []
        self._start = 0

    def __len__(self) -> int:
        return len(self._events) - self._start

    @property
    def limit(self) -> int:
        """How many events stay."""
        return self._limit

    @property
    def oldest(self) -> Event | None:
        """The oldest event that is here; None where none is."""
        return self._events[self._start] if len(self) else None

    def push(self, events: Iterable[Event]) -> list[Event]:
        """Append `events`, oldest first, each the next of the stream; give back what was evicted, oldest first."""
        self._events.extend(events)
        excess = len(self) - self._limit
        if excess <= 0:
            return []
        evicted = self._events[self._start : self._start + excess]
        self._start += excess
        if self._start > self._limit:
            del self._events[: self._start]
            self._start = 0
        return evicted

    def replace(self, seq: int, change: Callable[[Event], Event]) -> None:
        """Put `change(event)` in the place of the event at `seq`, where that is here."""
        index = self._index(seq)
        if index < len(self._events) and self._events[index].seq == seq:
            self._events[index] = change(self._events[index])

    def drop_through(self, event_seq: int) -> None:
        """Let go of the events up to that event seq."""
        oldest = self.oldest
        if oldest is not None:
            self._start += min(len(self), max(0, event_seq + 1 - oldest.stream_place))
            del self._events[: self._start]
            self._start = 0

    def before(self, seq: int, limit: int) -> list[Event]:
        """The newest `limit` events here with a smaller seq, newest first."""
        end = self._index(seq)
        start = max(self._start, end - limit)
        return self._events[start:end][::-1]

    def after(self, seq: int, limit: int) -> list[Event]:
        """The oldest `limit` events here with a larger seq, oldest first."""
        start = self._index(seq + 1)
        return self._events[start : start + limit]

    def between(self, first: int, last: int) -> list[Event]:
        """The events here with event seqs `first` to `last` (inclusive), newest first."""
        if not len(self):
            return []
        # Event seqs have no holes, so a place in the stream is a place in the list.
        offset = self._start - self._events[self._start].stream_place
        start = max(self._start, first + offset)
        return self._events[start : max(start, last + offset + 1)][::-1]

    def _index(self, seq: int) -> int:
        return bisect_left(self._events, seq, lo=self._start, key=lambda event: event.place)

    def snapshot(self) -> Sequence[Event]:
        """All events here, oldest first."""
        return self._events[self._start :]
