"""One stream: its newest events in memory, and the rest in the application's storage."""

from __future__ import annotations

from collections.abc import Sequence

from ...domain.event import Event, weight
from ...domain.position import StreamHead
from .storage_hooks import StorageHooks
from .stored_events import Life, NotAsGiven, StoredEvents

# Nobody knows how far the storage reaches back.
NO_FLOOR = -(2**53)
HANDED_AT_ONCE = 500


class OwnStream:
    """Event seqs up to `stored.head` are in the storage, those behind it in `waiting`, oldest first.

    Event seqs go on below 1 for what the storage held at the start: its newest event then is 0, the next one -1.

    What is past `limit` events, or past its share of the bytes, is due to be handed over. A stream that is not
    `is_stored` is Dialogue's own (redactions): its oldest events are dropped, and the floor moves.
    """

    def __init__(
        self, stored: StoredEvents, limit: int, max_bytes: int, hooks: StorageHooks, *, is_stored: bool = True
    ) -> None:
        self.head = 0
        self.floor = NO_FLOOR if is_stored else 0
        self.floor_seq = 0
        self.start = 0  # the event seq behind which the room's present life begins
        self.stored = stored
        self.waiting: list[Event] = []
        self._limit = limit
        self.is_stored = is_stored
        self._max_bytes = max_bytes
        self._due_through = 0
        self._due_size = 0
        self._waiting_size = 0  # of those that are not due yet
        self._hooks = hooks
        self._warm: list[Event] | None = None
        self._warm_is_all = False

    @property
    def reach(self) -> StreamHead:
        """How far the stream reaches."""
        return StreamHead(head=self.head, floor=self.floor, floor_seq=self.floor_seq)

    @property
    def due(self) -> int:
        """How many events are to be handed over now."""
        return self._due_through - self.stored.head if self.is_stored else 0

    @property
    def due_size(self) -> int:
        """How many bytes these take."""
        return self._due_size

    @property
    def size(self) -> int:
        """How many bytes the events take that are to stay."""
        return self._waiting_size + sum(map(weight, self._warm or ()))

    def push(self, event: Event) -> None:
        """Append the next event."""
        self.head += 1
        self.waiting.append(event)
        if not self.is_stored:
            self._drop_oldest()
            return
        self._waiting_size += weight(event)
        self._let_go(self._limit, self._max_bytes)
        if self._warm and len(self._warm) + len(self.waiting) > self._limit:
            self._forget_warm(len(self._warm) - 1)

    def shrink(self, max_bytes: int) -> Sequence[Event]:
        """Let go of what the storage has, and have the oldest that wait handed over, down to `max_bytes`."""
        warm = self._warm or []
        kept, size = 0, self._waiting_size
        while kept < len(warm) and size + weight(warm[kept]) <= max_bytes:
            size += weight(warm[kept])
            kept += 1
        if kept < len(warm):
            self._forget_warm(kept)
        self._let_go(self._limit, max_bytes)
        return warm[kept:]

    def _let_go(self, limit: int, max_bytes: int) -> None:
        while self.head - self._due_through > limit or self._waiting_size > max_bytes:
            size = weight(self.waiting[self._due_through - self.stored.head])
            self._waiting_size -= size
            self._due_size += size
            self._due_through += 1

    def _drop_oldest(self) -> None:
        if len(self.waiting) > self._limit:
            dropped = self.waiting.pop(0)
            self.floor = self.stored.head = dropped.stream_place
            self.floor_seq = self.stored.head_seq = dropped.place

    def _forget_warm(self, kept: int) -> None:
        self._warm, self._warm_is_all = (self._warm or [])[:kept], False

    def is_on_its_way(self, event: Event) -> bool:
        """Whether the storage was offered an event that waits: it may have it, and nobody knows."""
        return event.stream_place <= self.stored.may_hold_through

    def put(self, event: Event) -> None:
        """Put `event` in the place of the one at its event seq, which waits."""
        index = event.stream_place - self.stored.head - 1
        gained = weight(event) - weight(self.waiting[index])
        if event.stream_place > self._due_through:
            self._waiting_size += gained
        else:
            self._due_size += gained
        self.waiting[index] = event

    def flush(self) -> None:
        """Let all that waits be handed over."""
        if self.is_stored:
            self._let_go(0, 0)

    def end(self, seq: int) -> None:
        """End the stream's life, the room's head being at `seq`: nobody sees what was there until now."""
        self.flush()
        if self._warm is not None:
            self._forget_warm(0)
        self.floor, self.floor_seq = self.head, seq
        self.start = self.head
        if not self.is_stored:
            self.waiting.clear()
            self.stored.head, self.stored.head_seq = self.head, seq

    async def warm(self, epochs: frozenset[str]) -> bool:
        """Load the newest stored events, as many as memory is to hold; once: whether now. Raises Unavailable."""
        if self._warm is not None or not self.is_stored:
            return False
        async with self._hooks.reading(self.stored.turn):
            if self._warm is None:
                self._warm, self._warm_is_all = await self._loaded(epochs)
        return True

    async def _loaded(self, epochs: frozenset[str]) -> tuple[list[Event], bool]:
        if not self._limit:
            return [], False
        try:
            loaded = await self.stored.read(0, 1 - self._limit, Life(epochs))
        except NotAsGiven:
            return [], False  # pages that need it are refused; what happens from now on is not
        size = 0
        for kept, event in enumerate(loaded):
            size += weight(event)
            if size > self._max_bytes:
                return loaded[:kept], False
        return loaded, len(loaded) < self._limit

    async def hand_over(self) -> int:
        """Hand a bite of what is due to the storage, in as many attempts as that takes; how many events that were."""
        return await self._hooks.until_done(self._try_to_hand_over)

    async def _try_to_hand_over(self) -> int:
        async with self.stored.turn:  # between two attempts readers have their turn
            bite = self.waiting[: min(self.due, HANDED_AT_ONCE)]
            if bite:
                await self.stored.keep(bite)
                del self.waiting[: len(bite)]
                self._due_size -= sum(map(weight, bite))
                self._forget_warm(0)
        return len(bite)

    async def between(self, first: int, last: int, epochs: frozenset[str]) -> list[Event]:
        """The events with event seqs `first` to `last` (inclusive), newest first, wherever they are.

        Raises Unavailable where the storage cannot be reached, or gives what it was not given.
        """
        first = max(first, self.floor + 1)
        last = min(last, self.head)
        if first > last:
            return []
        if first > self.stored.head:
            return self._waiting(first, last)
        if self._warm is not None and self._is_warm(first):
            return self._waiting(first, last) + self._warm[-min(last, 0) : 1 - first]
        async with self._hooks.reading(self.stored.turn):  # what waits and what is stored, of one moment
            found, newest = self._waiting(first, last), min(last, self.stored.head)
            life = Life(epochs, self.start, self.floor_seq)
            return found + (await self.stored.read(newest, first, life) if first <= newest else [])

    def _waiting(self, first: int, last: int) -> list[Event]:
        return [event for event in reversed(self.waiting) if first <= event.stream_place <= last]

    def _is_warm(self, first: int) -> bool:
        # What is warm was the newest at the start, at event seq 0; it is let go when anything is handed over.
        return self.stored.head == 0 and (self._warm_is_all or 1 - first <= len(self._warm or ()))
