"""What the adapters over the application's own storage share, and the task that hands events over."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from anyio import CancelScope, move_on_after
from anyio import Event as Signal
from anyio.abc import TaskGroup

from ...application.background import background_tasks
from ...application.rooms.buffer_budget import BufferBudget
from ...domain.errors import Unavailable
from ...domain.kept_floors import KeptFloors
from ...domain.kept_marks import Marks, Unread
from ...domain.made_rooms import MadeRooms
from ...domain.used_keys import UsedKeys
from .own_room import OwnRoom
from .own_stream import OwnStream
from .storage_hooks import StorageHooks

Limits = Callable[[str], Mapping[str, int]]

logger = logging.getLogger("dialogue.hooks")


class OwnStore:
    """Rooms and what waits of their events. Used by one event loop.

    `limits_of(room_id)` gives the names of a room's events that have history, and how many of each stay in memory.
    What is evicted waits, readable, until `on_cleanup` has returned; at most `max_waiting` events in all, and as many
    bytes as the `budget` gives to those that are not evicted.
    """

    def __init__(
        self,
        hooks: StorageHooks,
        limits_of: Limits,
        budget: BufferBudget,
        *,
        max_waiting: int,
        flush_timeout_s: float,
        key_ttl_s: float,
    ) -> None:
        self._budget = budget
        budget.watch(lambda: (stream for room in self.rooms.values() for stream in room.streams.values()))
        self.rooms: dict[str, OwnRoom] = {}
        self.definitions = MadeRooms()
        self.marks = Marks()
        self.floors = KeptFloors()
        self.ended: dict[str, None] = {}  # deleted and not opened since, in order of deletion
        self.keys = UsedKeys(round(key_ttl_s * 1_000))
        self._hooks = hooks
        self._limits_of = limits_of
        self._max_waiting = max_waiting
        self._flush_timeout_s = flush_timeout_s
        self._tasks: TaskGroup | None = None
        self._handing: dict[OwnStream, None] = {}  # no set: in order of arrival, so that a run can be replayed
        self._idle = Signal()

    @property
    def is_full(self) -> bool:
        """Whether as many events wait to be handed over as may."""
        if sum(stream.due for stream in self._handing) >= self._max_waiting:
            return True
        return sum(stream.due_size for stream in self._handing) >= self._budget.max_bytes

    async def check(self) -> None:
        """Raise Unavailable where nothing can be kept at this moment."""
        if self.is_full:
            raise Unavailable("The application's storage takes no events at this moment, and too many wait for it")

    async def opened(self, room_id: str) -> OwnRoom:
        """The room, new where it was never seen before, with its newest stored events loaded. Raises Unavailable."""
        room = self.rooms.get(room_id)
        if room is None:
            room = self.rooms[room_id] = OwnRoom(
                room_id, self._limits_of(room_id), self._budget.max_of_one, self._hooks
            )
        self.ended.pop(room_id, None)
        for stream in room.streams.values():
            if await stream.warm(room.epochs):
                self.take(stream.size)
        return room

    def unread_of(self, room_id: str) -> Unread | None:
        """What can be unread in a room; None where it was never opened."""
        room = self.rooms.get(room_id)
        return None if room is None else Unread(room.floor, room.head, room.senders.count_others)

    def end(self, room_id: str) -> None:
        """End the room's life; what waits of its events is handed over."""
        self.definitions.pop(room_id, None)
        room = self.rooms.get(room_id)
        if room is not None:
            self.marks.end(room_id)
            self.floors.end(room_id)
            room.end()
            self.hand_over(room)
            self.ended.pop(room_id, None)
            self.ended[room_id] = None

    def forget_rooms(self, limit: int) -> int:
        """Forget the oldest deleted rooms that are more than `limit`, and of which nothing waits; how many.

        One of these ids that is made again begins as after a start of the process.
        """
        too_many = [*self.ended][: max(0, len(self.ended) - limit)]
        idle = [room_id for room_id in too_many if not self.rooms[room_id].waits]
        for room_id in idle:
            del self.ended[room_id], self.rooms[room_id]
        return len(idle)

    def take(self, size: int) -> None:
        """So many bytes have come into the streams."""
        if self._budget.take(size):
            for room in self.rooms.values():
                self.hand_over(room)

    def hand_over(self, room: OwnRoom) -> None:
        """See to it that what is due in `room` is handed over, one bite after the other for each stream."""
        for stream in room.streams.values():
            if stream.due and stream not in self._handing and self._tasks is not None:
                self._handing[stream] = None
                self._tasks.start_soon(self._hand_over, stream)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Hand over in the background for as long as the context lasts; at its end, all that memory holds."""
        async with background_tasks() as tasks:
            self._tasks = tasks
            try:
                yield
            finally:
                with CancelScope(shield=True):
                    await self._flush()
                self._tasks = None

    async def _flush(self) -> None:
        for room in self.rooms.values():
            for stream in room.streams.values():
                stream.flush()
            self.hand_over(room)
        with move_on_after(self._flush_timeout_s):
            while self._handing:
                await self._idle.wait()
        left = sum(stream.due for stream in self._handing)
        if left:
            logger.error("%d events could not be handed over within %s s and are lost", left, self._flush_timeout_s)

    async def _hand_over(self, stream: OwnStream) -> None:
        try:
            while await stream.hand_over():
                pass
        finally:
            del self._handing[stream]
            idle, self._idle = self._idle, Signal()
            idle.set()
