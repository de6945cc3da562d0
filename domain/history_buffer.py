"""The newest events of one stream, in memory."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence

from .event import Event, weight

GONE = Event(room_id="", name="", payload=b"", sender="", timestamp_ms=0)
"""Stands in the slot of an evicted event, whose bytes are free at once."""


class HistoryBuffer:
    """The newest events of a stream, at most `limit` and `max_bytes`, oldest first inside, contiguous by event seq.

    What falls out at the old end is *evicted*. Slots of evicted events are reclaimed in bites, so that a push costs the
    same however full the buffer is.
    """

    __slots__ = ("_events", "_limit", "_max_bytes", "_size", "_start")

    def __init__(self, limit: int, max_bytes: int) -> None:
        if limit < 0:
            raise ValueError(f"limit must be 0 or more, not {limit}")
        self._limit = limit
        self._max_bytes = max_bytes
        self._events: list[Event] = []
        self._start = 0
        self._size = 0

    def __len__(self) -> int:
        return len(self._events) - self._start

    @property
    def limit(self) -> int:
        """How many events stay."""
        return self._limit

    @property
    def size(self) -> int:
        """How many bytes the events here take, as JSON of the wire."""
        return self._size

    @property
    def oldest(self) -> Event | None:
        """The oldest event that is here; None where none is."""
        return self._events[self._start] if len(self) else None

    def push(self, events: Iterable[Event]) -> list[Event]:
        """Append `events`, oldest first, each the next of the stream; give back what was evicted, oldest first."""
        for event in events:
            self._events.append(event)
            self._size += weight(event)
        return self.shrink(self._max_bytes)

    def append(self, event: Event, size: int) -> list[Event]:
        """`push` of one event, whose weight is known."""
        self._events.append(event)
        self._size += size
        if self._size <= self._max_bytes and len(self._events) - self._start <= self._limit:
            return []
        return self.shrink(self._max_bytes)

    def shrink(self, max_bytes: int) -> list[Event]:
        """Evict the oldest, until no more than `max_bytes` are left; give back what was evicted, oldest first."""
        evicted: list[Event] = []
        while len(self) > self._limit or self._size > max_bytes:
            evicted.append(self._let_go())
        if self._start > max(self._limit, len(self)):
            del self._events[: self._start]
            self._start = 0
        return evicted

    def _let_go(self) -> Event:
        event = self._events[self._start]
        self._events[self._start] = GONE
        self._start += 1
        self._size -= weight(event)
        return event

    def replace(self, seq: int, change: Callable[[Event], Event]) -> None:
        """Put `change(event)` in the place of the event at `seq`, where that is here."""
        index = self._index(seq)
        if index < len(self._events) and self._events[index].seq == seq:
            before, self._events[index] = self._events[index], change(self._events[index])
            self._size += weight(self._events[index]) - weight(before)

    def replace_each(self, changes: Mapping[int, Callable[[Event], Event]]) -> None:
        """As `replace`, for several seqs."""
        found = (
            [event.seq for event in self.snapshot() if event.seq in changes] if len(changes) > len(self) else changes
        )
        for seq in found:
            if seq is not None:
                self.replace(seq, changes[seq])

    def drop_through(self, event_seq: int) -> None:
        """Let go of the events up to that event seq."""
        oldest = self.oldest
        if oldest is not None:
            for _ in range(min(len(self), max(0, event_seq + 1 - oldest.stream_place))):
                self._let_go()
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

    def _index(self, seq: int) -> int:
        return bisect_left(self._events, seq, lo=self._start, key=lambda event: event.place)

    def snapshot(self) -> Sequence[Event]:
        """All events here, oldest first."""
        return self._events[self._start :]
