"""Opening what a node knows of a room's history."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import Semaphore, move_on_after

from ...domain.errors import Unavailable
from ...domain.event import Event, weight
from ...domain.page import PageLimit
from ...domain.ports.history_archive import HistoryArchive
from ...domain.ports.history_source import HistorySource
from ...domain.room import Room
from ..deadline import remaining_s
from .buffer_budget import BufferBudget
from .room_history import RoomHistory

AT_ONCE = 4
"""How many streams are read into buffers at once: what is read counts only when it is there."""


class OpenHistory:
    """Opens rooms' histories, their buffers warmed from the source as far as the `budget` lets them be."""

    def __init__(self, archive: HistoryArchive, source: HistorySource, budget: BufferBudget) -> None:
        self._archive = archive
        self._source = source
        self._reading = Semaphore(AT_ONCE)
        self.budget = budget
        self.opening: list[RoomHistory] = []

    async def __call__(self, room: Room) -> RoomHistory:
        """The room's history, as it is kept now. Raises Unavailable."""
        history = RoomHistory(room, await self._archive.open(room.id), self.budget)
        self.opening.append(history)
        try:
            for name in history.names:
                stream = history.stream(name)
                if stream.buffer.limit and not stream.is_whole and stream.head > max(stream.floor, 0):
                    async with self._one_of_few():
                        history.warm(name, await self._tail(room.id, name, history.head + 1, stream.buffer.limit))
        finally:
            self.opening.remove(history)
        return history

    @asynccontextmanager
    async def _one_of_few(self) -> AsyncIterator[None]:
        with move_on_after(remaining_s()) as scope:
            await self._reading.acquire()
        if scope.cancelled_caught:
            raise Unavailable("The history cannot be reached in time: too many rooms are being opened")
        try:
            yield
        finally:
            self._reading.release()

    async def _tail(self, room_id: str, name: str, before: int, limit: int) -> list[Event]:
        tail: list[Event] = []
        size = 0
        while len(tail) < limit and size < self.budget.max_of_one:
            wanted = PageLimit(events=limit - len(tail), size=min(PageLimit().size, self.budget.max_of_one - size))
            run = await self._source.older(room_id, (name,), before, wanted)
            run = [event for event in run if event.seq is not None]  # buffers hold what has a place
            if not run:
                break
            tail += run
            size += sum(map(weight, run))
            before = run[-1].place
        return tail
