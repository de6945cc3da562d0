"""One stream: its newest events in memory, and the rest in the application's storage."""

from __future__ import annotations

from ...domain.event import Event
from ...domain.position import StreamHead
from .storage_hooks import StorageHooks
from .stored_events import Life, NotAsGiven, StoredEvents

# Nobody knows how far the storage reaches back.
NO_FLOOR = -(2**53)
BITE = 500


class OwnStream:
    """Event seqs up to `stored.head` are in the storage, those behind it in `waiting`, oldest first.

    Event seqs go on below 1 for what the storage held at the start: its newest event then is 0, the next one -1.

    A stream that is not `is_stored` is Dialogue's own (redactions): its oldest events are dropped, and the floor moves.
    """

    def __init__(self, stored: StoredEvents, limit: int, hooks: StorageHooks, *, is_stored: bool = True) -> None:
        self.head = 0
        self.floor = NO_FLOOR if is_stored else 0
        self.floor_seq = 0
        self.stored = stored
        self.waiting: list[Event] = []
        self._limit = limit
        self.is_stored = is_stored
        self._flush_through = NO_FLOOR
        self._hooks = hooks
        self._warm: list[Event] | None = None
        self._warm_is_all = False

    @property
    def reach(self) -> StreamHead:
        """How far the stream reaches."""
        return StreamHead(head=self.head, floor=self.floor, floor_seq=self.floor_seq)

    @property
    def start(self) -> int:
        """The event seq behind which the room's present life begins."""
        return max(self.floor, 0)

    @property
    def due(self) -> int:
        """How many events are to be handed over now."""
        if not self.is_stored:
            return 0
        return max(0, min(len(self.waiting), max(self.head - self._limit, self._flush_through) - self.stored.head))

    def push(self, event: Event) -> None:
        """Append the next event."""
        self.head += 1
        self.waiting.append(event)
        if not self.is_stored and len(self.waiting) > self._limit:
            dropped = self.waiting.pop(0)
            self.floor = self.stored.head = dropped.stream_place
            self.floor_seq = self.stored.head_seq = dropped.place
        if self._warm and len(self._warm) + len(self.waiting) > self._limit:
            self._warm.pop()
            self._warm_is_all = False

    def is_on_its_way(self, event: Event) -> bool:
        """Whether the storage was offered an event that waits: it may have it, and nobody knows."""
        return event.stream_place <= self.stored.may_hold_through

    def put(self, event: Event) -> None:
        """Put `event` in the place of the one at its event seq, which waits."""
        self.waiting[event.stream_place - self.stored.head - 1] = event

    def flush(self) -> None:
        """Let all that waits be handed over."""
        self._flush_through = self.head

    def end(self, seq: int) -> None:
        """End the stream's life, the room's head being at `seq`: nobody sees what was there until now."""
        self.flush()
        self.floor, self.floor_seq = self.head, seq
        if not self.is_stored:
            self.waiting.clear()
            self.stored.head, self.stored.head_seq = self.head, seq

    async def warm(self, epochs: frozenset[str]) -> None:
        """Load the newest stored events, as many as memory is to hold; once. Raises Unavailable."""
        if self._warm is None and self.is_stored:
            async with self._hooks.reading(self.stored.turn):
                if self._warm is None:
                    self._warm, self._warm_is_all = await self._loaded(epochs)

    async def _loaded(self, epochs: frozenset[str]) -> tuple[list[Event], bool]:
        if not self._limit:
            return [], False
        try:
            loaded = await self.stored.read(0, 1 - self._limit, Life(epochs))
        except NotAsGiven:
            return [], False  # pages that need it are refused; what happens from now on is not
        return loaded, len(loaded) < self._limit

    async def hand_over(self) -> int:
        """Hand a bite of what is due to the storage, in as many attempts as that takes; how many events that were."""
        return await self._hooks.until_done(self._try_to_hand_over)

    async def _try_to_hand_over(self) -> int:
        async with self.stored.turn:  # between two attempts readers have their turn
            bite = self.waiting[: min(self.due, BITE)]
            if bite:
                await self.stored.keep(bite)
                del self.waiting[: len(bite)]
                self._warm, self._warm_is_all = [], False
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
