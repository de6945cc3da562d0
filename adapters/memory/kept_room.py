"""One room's kept events."""

from __future__ import annotations

import secrets
from bisect import bisect_left
from collections.abc import Iterator
from itertools import islice

from ...domain.event import Draft, Event
from ...domain.page import PageLimit
from ...domain.position import RoomHead, StreamHead


def cut(run: Iterator[Event], limit: PageLimit) -> list[Event]:
    """The part of `run` that `limit` lets through, at least one event where there is one."""
    taken: list[Event] = []
    size = 0
    for event in islice(run, limit.events):
        size += len(event.payload) + len(event.meta or b"")
        if taken and size > limit.size:
            break
        taken.append(event)
    return taken


class Run:
    """Events in rising order of seq: a whole room's, or one stream's."""

    __slots__ = ("events", "floor")

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.floor = 0

    @property
    def head(self) -> int:
        """How many events there ever were."""
        return self.floor + len(self.events)

    def before(self, seq: int) -> Iterator[Event]:
        """All with a smaller seq, newest first."""
        return (self.events[index] for index in range(self._index(seq) - 1, -1, -1))

    def after(self, seq: int) -> Iterator[Event]:
        """All with a larger seq, oldest first."""
        return islice(self.events, self._index(seq + 1), None)

    def count_after(self, seq: int) -> int:
        """How many have a larger seq."""
        return len(self.events) - self._index(seq + 1)

    def between(self, first: int, last: int) -> Iterator[Event]:
        """The `first` to the `last` (inclusive) event that there ever was, newest first, as far as they are there."""
        newest = min(last, self.head) - self.floor - 1
        oldest = max(first - self.floor - 1, 0)
        return (self.events[index] for index in range(newest, oldest - 1, -1))

    def end(self) -> None:
        """Let all events go; numbers go on from the head."""
        self.floor = self.head
        self.events = []

    def _index(self, seq: int) -> int:
        return bisect_left(self.events, seq, key=lambda event: event.place)


class KeptRoom:
    """The events of one room's present life, and the numbers that go on through all of its lives."""

    __slots__ = ("all", "epoch", "last_timestamp_ms", "streams")

    def __init__(self) -> None:
        self.epoch = secrets.token_hex(8)
        self.last_timestamp_ms = 0
        self.all = Run()
        self.streams: dict[str, Run] = {}

    @property
    def head(self) -> RoomHead:
        """How far the history reaches."""
        return RoomHead(
            epoch=self.epoch,
            head=self.all.head,
            floor=self.all.floor,
            last_timestamp_ms=self.last_timestamp_ms,
            streams={name: StreamHead(head=run.head, floor=run.floor) for name, run in self.streams.items()},
        )

    def keep(self, draft: Draft, now_ms: int) -> Event:
        """Give `draft` the next place."""
        stream = self.streams.setdefault(draft.name, Run())
        self.last_timestamp_ms = max(self.last_timestamp_ms, now_ms)
        event = Event.kept(draft, timestamp_ms=self.last_timestamp_ms, seq=self.all.head + 1, event_seq=stream.head + 1)
        self.all.events.append(event)
        stream.events.append(event)
        return event

    def end(self) -> int:
        """Begin the next life, without the events of this one; how many these were."""
        ended = len(self.all.events)
        self.epoch = secrets.token_hex(8)
        for run in (self.all, *self.streams.values()):
            run.end()
        return ended
