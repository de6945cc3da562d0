"""One room's kept events."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import islice

from ...domain.draft import Draft
from ...domain.event import Event
from ...domain.names import RESERVED_PREFIX
from ...domain.ports.read_marks import MAX_UNREAD
from ...domain.position import RoomHead, StreamFloor, StreamHead
from ...domain.redaction import Redaction
from ...domain.retention import Arrived


class KeptEvents:
    """Events in rising order of seq: a whole room's, or one stream's. `head` counts those that there ever were."""

    __slots__ = ("events", "floor", "floor_seq", "head")

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.head = 0
        self.floor = 0
        self.floor_seq = 0

    def push(self, event: Event) -> None:
        """Append the next event."""
        self.events.append(event)
        self.head += 1

    def before(self, seq: int) -> Iterator[Event]:
        """All with a smaller seq, newest first."""
        return (self.events[index] for index in range(self._index(seq) - 1, -1, -1))

    def after(self, seq: int) -> Iterator[Event]:
        """All with a larger seq, oldest first."""
        return islice(self.events, self._index(seq + 1), None)

    def at(self, seq: int) -> Event | None:
        """The event at `seq`, where that is here."""
        index = self._index(seq)
        return self.events[index] if index < len(self.events) and self.events[index].seq == seq else None

    def put(self, event: Event) -> None:
        """Put `event` in the place of the one at its seq."""
        self.events[self._index(event.place)] = event

    def between(self, first: int, last: int) -> Iterator[Event]:
        """A stream's events `first` to `last` (inclusive) of all there ever were, newest first, those that are here."""
        newest = min(last, self.head) - self.floor - 1
        oldest = max(first - self.floor - 1, 0)
        return (self.events[index] for index in range(newest, oldest - 1, -1))

    def end(self, seq: int) -> None:
        """Let all events go, the newest of the room being at `seq`; numbers go on from the head."""
        self.floor, self.floor_seq = self.head, seq
        self.events = []

    def trim(self, floor: StreamFloor) -> None:
        """Let a stream's events up to `floor` go."""
        if floor.event_seq > self.floor:
            del self.events[: floor.event_seq - self.floor]
            self.floor, self.floor_seq = floor.event_seq, floor.seq

    def drop(self, name: str, seq: int) -> None:
        """Let the events of that name go up to `seq`."""
        end = self._index(seq + 1)
        self.events[:end] = [event for event in self.events[:end] if event.name != name]

    def _index(self, seq: int) -> int:
        return bisect_left(self.events, seq, key=lambda event: event.place)


class KeptRoom:
    """The events of one room's present life, and the numbers that go on through all of its lives."""

    __slots__ = ("_arrivals", "_new_epoch", "all", "epoch", "last_timestamp_ms", "stamp", "streams")

    def __init__(self, new_epoch: Callable[[], str]) -> None:
        self._new_epoch = new_epoch
        self.epoch = new_epoch()
        self.stamp = 0  # grows with each change to what was there before
        self.last_timestamp_ms = 0
        self.all = KeptEvents()
        self.streams: dict[str, KeptEvents] = {}
        self._arrivals: dict[int, int] = {}  # by seq

    @property
    def head(self) -> RoomHead:
        """How far the history reaches."""
        return RoomHead(
            epoch=self.epoch,
            head=self.all.head,
            floor=self.all.floor,
            last_timestamp_ms=self.last_timestamp_ms,
            stamp=self.stamp,
            streams={
                name: StreamHead(head=run.head, floor=run.floor, floor_seq=run.floor_seq)
                for name, run in self.streams.items()
            },
        )

    @property
    def place(self) -> tuple[str, int, int]:
        """What tells two states of the room apart: epoch, head and stamp."""
        return self.epoch, self.all.head, self.stamp

    def keep(self, draft: Draft, time_ms: int, arrived_ms: int | None = None) -> Event:
        """Give `draft`, which came at `arrived_ms`, the next place, and `time_ms` or the room's last time."""
        stream = self.streams.setdefault(draft.name, KeptEvents())
        self.last_timestamp_ms = max(self.last_timestamp_ms, time_ms)
        event = draft.kept(timestamp_ms=self.last_timestamp_ms, seq=self.all.head + 1, event_seq=stream.head + 1)
        self.all.push(event)
        self._arrivals[event.place] = time_ms if arrived_ms is None else arrived_ms
        stream.push(event)
        return event

    def blank(self, redaction: Redaction) -> None:
        """Put a tombstone in the place of the event that `redaction` names, which is here."""
        event = self.all.at(redaction.seq)
        assert event is not None
        self.put(redaction.blank(event))

    def put(self, event: Event) -> None:
        """Put `event` in the place of the one at its seq."""
        self.stamp += 1
        for run in (self.all, self.streams[event.name]):
            run.put(event)

    def trim(self, name: str, floor: StreamFloor) -> None:
        """Let the stream begin at `floor`."""
        if name in self.streams:
            self.stamp += 1
            for event in self.streams[name].between(0, floor.event_seq):
                self._arrivals.pop(event.place, None)
            self.streams[name].trim(floor)
            self.all.drop(name, floor.seq)

    def begin_anew(self) -> None:
        """Begin the next life with the events that are here."""
        self.epoch = self._new_epoch()
        self.stamp += 1

    def arrival(self, event: Event) -> Arrived:
        """When an event that is here came."""
        return Arrived(event_seq=event.stream_place, seq=event.place, arrived_ms=self._arrivals[event.place])

    def count_others(self, user_id: str, after: int) -> int:
        """How many events behind seq `after` others than the user have published, at most MAX_UNREAD."""
        runs = (run.after(after) for name, run in self.streams.items() if not name.startswith(RESERVED_PREFIX))
        others = (event for run in runs for event in run if event.sender != user_id)
        return sum(1 for _ in islice(others, MAX_UNREAD))

    def forget_streams(self) -> int:
        """Forget all streams, of which nothing is here; how many these were."""
        count = len(self.streams)
        self.streams.clear()
        return count

    def end(self) -> int:
        """Begin the next life, without the events of this one; how many these were."""
        ended = len(self.all.events)
        self._arrivals.clear()
        self.begin_anew()
        for run in (self.all, *self.streams.values()):
            run.end(self.all.head)
        return ended
