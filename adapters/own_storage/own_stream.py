"""One stream: its newest events in memory, and the rest in the application's storage."""

from __future__ import annotations

from dataclasses import replace

from ...application.hooks.run_hook import Turn
from ...domain.event import Event
from ...domain.position import StreamHead
from .storage_hooks import StorageHooks

# Nobody knows how far the storage reaches back.
NO_FLOOR = -(2**53)
BITE = 500


class OwnStream:
    """Event seqs up to `stored` are in the storage, those behind it in `waiting`, oldest first.

    Event seqs go on below 1 for what the storage held at the start: its newest event then is 0, the next one -1. The
    hooks of one stream never overlap: while events are handed over, nobody can tell which are the newest stored ones.

    A stream that is not `is_stored` is Dialogue's own (redactions): its oldest events are dropped, and the floor moves.
    """

    def __init__(self, room_id: str, name: str, limit: int, hooks: StorageHooks, *, is_stored: bool = True) -> None:
        self.room_id = room_id
        self.name = name
        self.head = 0
        self.floor = NO_FLOOR if is_stored else 0
        self.floor_seq = 0
        self.stored = 0
        self.stored_seq = 0
        self.waiting: list[Event] = []
        self._limit = limit
        self._is_stored = is_stored
        self._flush_through = NO_FLOOR
        self._hooks = hooks
        self._turn = Turn()
        self._warm: list[Event] | None = None
        self._warm_is_all = False

    @property
    def reach(self) -> StreamHead:
        """How far the stream reaches."""
        return StreamHead(head=self.head, floor=self.floor, floor_seq=self.floor_seq)

    @property
    def due(self) -> int:
        """How many events are to be handed over now."""
        if not self._is_stored:
            return 0
        return max(0, min(len(self.waiting), max(self.head - self._limit, self._flush_through) - self.stored))

    def push(self, event: Event) -> None:
        """Append the next event."""
        self.head += 1
        self.waiting.append(event)
        if not self._is_stored and len(self.waiting) > self._limit:
            dropped = self.waiting.pop(0)
            self.floor = self.stored = dropped.stream_place
            self.floor_seq = self.stored_seq = dropped.place
        if self._warm and len(self._warm) + len(self.waiting) > self._limit:
            self._warm.pop()
            self._warm_is_all = False

    def put(self, event: Event) -> None:
        """Put `event` in the place of the one at its event seq, which waits."""
        self.waiting[event.stream_place - self.stored - 1] = event

    def flush(self) -> None:
        """Let all that waits be handed over."""
        self._flush_through = self.head

    def end(self, seq: int) -> None:
        """End the stream's life, the room's head being at `seq`: nobody sees what was there until now."""
        self.flush()
        self.floor, self.floor_seq = self.head, seq
        if not self._is_stored:
            self.waiting.clear()
            self.stored, self.stored_seq = self.head, seq

    async def warm(self) -> None:
        """Load the newest stored events, as many as memory is to hold; once."""
        if self._warm is None and self._is_stored:
            async with self._turn:
                if self._warm is None:
                    loaded = await self._load(0, self._limit) if self._limit else []
                    self._warm = loaded
                    self._warm_is_all = len(loaded) < self._limit

    async def hand_over(self) -> int:
        """Hand a bite of what is due to the storage, in as many attempts as that takes; how many events that were."""
        return await self._hooks.until_done(self._try_to_hand_over)

    async def _try_to_hand_over(self) -> int:
        async with self._turn:  # between two attempts readers have their turn
            bite = self.waiting[: min(self.due, BITE)]
            if bite:
                await self._hooks.cleanup(self.room_id, self.name, bite)
                del self.waiting[: len(bite)]
                self.stored, self.stored_seq = bite[-1].stream_place, bite[-1].place
                self._warm, self._warm_is_all = [], False
        return len(bite)

    async def between(self, first: int, last: int, epoch: str) -> list[Event]:
        """The events with event seqs `first` to `last` (inclusive), newest first, wherever they are."""
        first = max(first, self.floor + 1)
        last = min(last, self.head)
        if first > last:
            return []
        if first > self.stored or self._is_warm(self.stored - first + 1):
            found, newest = self._waiting(first, last), min(last, self.stored)
            loaded = (self._warm or [])[self.stored - newest : self.stored - first + 1]
        else:
            async with self._turn:  # what waits and what is stored, of one moment
                found, newest = self._waiting(first, last), min(last, self.stored)
                loaded = await self._load(self.stored - newest, self.stored - first + 1)
        for offset, event in enumerate(loaded):
            known = event.seq is not None and event.epoch == epoch
            found.append(replace(event, seq=event.seq if known else None, event_seq=newest - offset))
        return found

    async def _load(self, start: int, end: int) -> list[Event]:
        return await self._hooks.load(self.room_id, self.name, start, end, self._turn)

    def _waiting(self, first: int, last: int) -> list[Event]:
        return [event for event in reversed(self.waiting) if first <= event.stream_place <= last]

    def _is_warm(self, end: int) -> bool:
        return self._warm is not None and (self._warm_is_all or end <= len(self._warm))
