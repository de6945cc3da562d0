"""What one node knows of a room's history: how far it reaches, and its newest events."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from heapq import merge
from itertools import islice

from ...domain.event import Event, weight
from ...domain.history_buffer import HistoryBuffer
from ...domain.names import REDACTED
from ...domain.position import Applied, Position, RoomHead, StreamFloor, StreamHead
from ...domain.redaction import Redaction, names_somebody, without_sender
from ...domain.room import Room
from .buffer_budget import BufferBudget
from .stream import Stream

REMEMBERED_REDACTIONS = 100
"""So many a page may meet while it is being read."""


class RoomHistory:
    """A room's epoch, head and floor as applied on this node, and its streams' buffers.

    The applied head moves together with the fan-out, in one synchronous step: no read is ahead of the live stream.
    """

    def __init__(self, room: Room, head: RoomHead, budget: BufferBudget) -> None:
        self._budget = budget
        self.epoch = head.epoch
        self.is_ended = False  # the room was deleted: what is still being read from this is nobody's any more
        self.head = head.head
        self.floor = head.floor
        self.last_timestamp_ms = head.last_timestamp_ms
        self.stamp = head.stamp
        self._blanked: deque[tuple[int, Redaction]] = deque(maxlen=REMEMBERED_REDACTIONS)  # with the seq that tells it
        self._blanked_from = head.head
        self._stored_names = frozenset(head.streams)
        self._room = room
        self._defined = frozenset(room.patterns.named) | {REDACTED}
        kept = [name for name in room.names_with_history if name in self._defined]
        redacted = [REDACTED] if room.names_with_history else []
        self._streams: dict[str, Stream] = {}
        for name in [*kept, *redacted, *sorted(self._stored_names.difference(self._defined))]:
            self._learn(name, head.streams.get(name, StreamHead()))

    @property
    def is_open_ended(self) -> bool:
        """Whether the history goes on below what has places: the application's own storage holds it."""
        return any(stream.floor < 0 for stream in self._streams.values())

    @property
    def lowest_floor(self) -> int:
        """No event has a smaller or equal seq; below all places where the history goes on without them."""
        return -1 if self.is_open_ended else self.floor

    @property
    def memory_limit(self) -> int:
        """How many events of one name memory holds at most."""
        return max((stream.buffer.limit for stream in self._streams.values()), default=0)

    @property
    def buffers(self) -> Iterator[HistoryBuffer]:
        """The streams' buffers."""
        return (stream.buffer for stream in self._streams.values())

    @property
    def position(self) -> Position:
        """Where a reader is who has seen all that was applied."""
        return Position(epoch=self.epoch, seq=self.head)

    @property
    def applied(self) -> Applied:
        """How far the history was applied, for the archive."""
        return Applied(epoch=self.epoch, head=self.head, last_timestamp_ms=self.last_timestamp_ms)

    def defines(self, name: str) -> bool:
        """Whether the room has events of that name on this node."""
        return name in self._defined or self._room.patterns.find(name) is not None

    def pass_time(self, now_ms: int) -> int:
        """The time of an event without history that happens now; no later event of the room is older."""
        self.last_timestamp_ms = max(self.last_timestamp_ms, now_ms)
        return self.last_timestamp_ms

    @property
    def names(self) -> tuple[str, ...]:
        """All names that have history: those of the room's definitions, of redactions, and those that were published
        by the room's patterns."""
        return tuple(self._streams)

    @property
    def published_names(self) -> tuple[str, ...]:
        """As `names`, without that of redactions."""
        return tuple(name for name in self._streams if name != REDACTED)

    def readable_names(self, event_name: str | None) -> tuple[str, ...]:
        """The names whose history is meant: that one, or all; none where it goes by a pattern and nothing came yet.

        Raises EventNotAllowed.
        """
        if event_name is None:
            return self.names
        self._room.ensure_kept(event_name)
        return (event_name,) if event_name in self._streams else ()

    def stream(self, name: str) -> Stream:
        """The stream of one of the `names`."""
        return self._streams[name]

    def warm(self, name: str, newest_first: Sequence[Event]) -> None:
        """Fill a stream's empty buffer with its newest events."""
        self._streams[name].buffer.push(reversed(newest_first))
        self._budget.take(sum(map(weight, newest_first)))

    def apply(self, events: Iterable[Event]) -> None:
        """Take up events that the archive has kept, in order of seq."""
        blanked: dict[int, Callable[[Event], Event]] = {}
        for event in events:
            seq, event_seq = event.seq, event.event_seq
            assert seq is not None and event_seq is not None, "an event without history has no place"  # noqa: PT018
            if seq != self.head + 1:
                self._forget_buffers()
            self.head = seq
            self.last_timestamp_ms = max(self.last_timestamp_ms, event.timestamp_ms)
            stream = self._streams.get(event.name)
            if stream is None:
                self._stored_names |= {event.name}
                stream = self._learn(event.name, StreamHead(head=event_seq - 1))
                if stream is None:  # a name that this node does not define; it takes its place, and no memory
                    continue
            stream.head = event_seq
            if event.name == REDACTED:
                redaction = Redaction.told_by(event)
                self._remember(seq, redaction)
                blanked[redaction.seq] = redaction.blank
            if event_seq > stream.floor:  # retention may have taken it before it was told
                size = weight(event)
                self._budget.evicted += len(stream.buffer.append(event, size))
                self._budget.take(size)
        if blanked:  # once for all of them: nobody knows of which names they are, and there may be many
            for stream in self._streams.values():
                stream.buffer.replace_each(blanked)

    def trim(self, name: str, floor: StreamFloor) -> None:
        """Let the stream begin at `floor`; to be called before the archive removes what lies below."""
        stream = self._streams.get(name)
        if stream is not None and floor.event_seq > stream.floor:
            stream.floor, stream.floor_seq = floor.event_seq, floor.seq
            stream.buffer.drop_through(floor.event_seq)

    def follow(self, head: RoomHead) -> None:
        """Let the streams begin where they do by `head`, of the same life of the room: others may have trimmed them."""
        for name, stream in head.streams.items():
            self.trim(name, StreamFloor(event_seq=stream.floor, seq=stream.floor_seq))
        self.stamp = max(self.stamp, head.stamp)

    def blank_places(self) -> list[tuple[str, list[int]]]:
        """The event seqs, by name, of what memory holds that was taken away, or tells it, and still names somebody."""
        found = [(name, stream.buffer.snapshot()) for name, stream in self._streams.items()]
        blank = [(name, [event.stream_place for event in events if names_somebody(event)]) for name, events in found]
        return [(name, places) for name, places in blank if places]

    def put(self, event: Event) -> None:
        """Put `event`, as it is kept now, in the place of the one that memory holds, if it does."""
        stream = self._streams.get(event.name)
        if stream is not None:
            stream.buffer.replace(event.place, lambda _: event)

    def forget_sender(self, seq: int) -> None:
        """Let the tombstone, or the redaction, at `seq` no longer tell on whose behalf it is."""
        for stream in self._streams.values():
            stream.buffer.replace(seq, without_sender)

    def blank_as(self, read: Iterable[Event]) -> None:
        """Let memory hold blank, too, what the source gave back blank; to be called before anybody is given it.

        What was taken away in the storage, by another node maybe, is told of here a little later. Whoever has seen it
        blank until then must not read it whole again out of memory.
        """
        for event in read:
            stream = self._streams.get(event.name) if event.is_redacted else None
            if stream is not None:
                stream.buffer.replace(event.place, partial(_blank_as, event))

    def floor_of(self, names: Iterable[str]) -> int:
        """Of these names nothing is missing that has a larger seq than this."""
        return max((self._streams[name].floor_seq for name in names), default=0)

    def blank(self, events: Sequence[Event], read_at: int) -> list[Event] | None:
        """`events`, which were read when the head was `read_at`, with what was taken away since then blanked.

        None where that is more than is remembered: they have to be read again.
        """
        if self._blanked_from > read_at:
            return None
        blanked = {redaction.seq: redaction for seq, redaction in self._blanked if seq > read_at}
        return [blanked[event.seq].blank(event) if event.seq in blanked else event for event in events]

    def _learn(self, name: str, head: StreamHead) -> Stream | None:
        """The stream of a name that had none, made where its events have history by one of the room's definitions."""
        room = self._room
        if name == REDACTED:
            limit = max((each.memory_limit for each in room.definitions.values()), default=0)
        else:
            definition = room.patterns.named.get(name) or room.patterns.find(name)
            if definition is None or not definition.has_history:
                return None
            limit = definition.memory_limit
        self._streams[name] = stream = Stream(head, limit, self._budget.max_of_one)
        return stream

    def _remember(self, place: int, redaction: Redaction) -> None:
        if len(self._blanked) == REMEMBERED_REDACTIONS:
            self._blanked_from = self._blanked[0][0]
        self._blanked.append((place, redaction))

    def _forget_buffers(self) -> None:
        # Something was kept that this node was not told of (an append whose outcome stayed unknown): what memory holds
        # no longer meets what comes, so readers must ask the source for it.
        for stream in self._streams.values():
            stream.buffer = HistoryBuffer(stream.buffer.limit, self._budget.max_of_one)

    def filter(self, names: Sequence[str]) -> Sequence[str] | None:
        """What to ask the source for; None, one seek over all names, where the archive holds no others than several."""
        holds_others = not self._stored_names | self._streams.keys() <= set(names)
        return names if len(names) == 1 or holds_others else None

    def memory_start(self, names: Sequence[str]) -> int:
        """Memory holds every event of these names from this seq on."""
        starts = [self._streams[name].memory_start for name in names]
        return max((self.head + 1 if start is None else start for start in starts), default=0)

    def is_first(self, names: Sequence[str], event: Event) -> bool:
        """Whether `event` is known to be the first that there is of these names."""
        if len(names) == 1 and event.stream_place <= self._streams[names[0]].floor + 1:
            return True
        return event.place <= self.lowest_floor + 1

    def before(self, names: Sequence[str], seq: int, limit: int) -> list[Event]:
        """The newest `limit` events with a smaller seq, newest first, as far down as memory covers all the names."""
        start = self.memory_start(names)
        runs = [self._streams[name].buffer.before(seq, limit) for name in names]
        found = runs[0] if len(runs) == 1 else islice(merge(*runs, key=lambda event: -event.place), limit)
        return [event for event in found if event.place >= start]

    def after(self, names: Sequence[str], seq: int, limit: int) -> list[Event]:
        """The oldest `limit` events with a larger seq, oldest first, from where memory covers all the names."""
        seq = max(seq, self.memory_start(names) - 1)
        runs = [self._streams[name].buffer.after(seq, limit) for name in names]
        return runs[0] if len(runs) == 1 else list(islice(merge(*runs, key=lambda event: event.place), limit))


def _blank_as(tombstone: Event, held: Event) -> Event:
    """`tombstone`, unless `held` is one already, which may know more: on whose behalf it is may have been erased."""
    return held if held.is_redacted or held.epoch != tombstone.epoch else tombstone
