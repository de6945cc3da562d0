"""Telling the application which events have left memory, where an archive keeps them all the same."""

from __future__ import annotations

import logging

from anyio import Event as Signal
from anyio import move_on_after
from anyio.lowlevel import checkpoint

from ...domain.errors import DialogueError, RoomNotFound
from ...domain.event import Event
from ...domain.ports.eviction_marks import EvictionMarks
from ...domain.ports.history_source import HistorySource
from ..hooks.hooks import OnCleanup
from ..hooks.run_hook import Call, RunHook, Turn
from ..rooms.room_registry import RoomRegistry

EVENTS_AT_ONCE = 500
BYTES_AT_ONCE = 1 << 20
RETRY_S = 5.0

logger = logging.getLogger("dialogue.hooks")


class StillRunning(Exception):
    """The call before this one has not ended yet."""


class TellEvictions:
    """Calls `on_cleanup` with what was evicted: each event at least once, each stream's in order.

    How far it was told is remembered beside the events, and what it has not been told of is read from the source: so
    nothing piles up in memory while the hook fails, and a kill makes it be told again, never not at all. A hook that is
    given later is told of all that was evicted before.
    """

    def __init__(
        self,
        hook: OnCleanup | None,
        run_hook: RunHook,
        registry: RoomRegistry,
        source: HistorySource,
        marks: EvictionMarks,
    ) -> None:
        self._hook = hook
        self.is_needed = hook is not None
        self._run_hook = run_hook
        self._registry = registry
        self._source = source
        self._marks = marks
        self._changed: dict[str, None] = {}
        self._wanted = Signal()
        self._turns: dict[tuple[str, str], Turn] = {}

    def wake(self, room_id: str) -> None:
        """Something was kept in that room."""
        self._changed[room_id] = None
        self._wanted.set()

    async def run(self) -> None:
        """Tell until cancelled, first of all what an earlier process did not come to."""
        if self._hook is None:
            return
        self._changed.update(dict.fromkeys(room.id for room in self._registry.rooms()))
        while True:
            failed = await self._tell_all()
            with move_on_after(RETRY_S if failed else None):
                await self._wanted.wait()
            self._wanted = Signal()
            self._changed.update(dict.fromkeys(failed))

    async def _tell_all(self) -> list[str]:
        rooms, self._changed = list(self._changed), {}
        failed = []
        for room_id in rooms:
            try:
                await self._tell(room_id)
            except RoomNotFound:
                pass  # it was deleted, and its events with it
            except Exception as error:
                failed.append(room_id)
                logger.log(
                    logging.WARNING if isinstance(error, DialogueError) else logging.ERROR,
                    "on_cleanup could not be told of events of %r, and will be: %r",
                    room_id,
                    error,
                )
        return failed

    async def _tell(self, room_id: str) -> None:
        _, history = await self._registry.open(room_id)
        for name in history.published_names:
            stream = history.stream(name)
            through = stream.head - stream.buffer.limit
            if through <= stream.floor:
                continue
            acknowledged = max(await self._marks.acknowledged(room_id, name), stream.floor)
            while acknowledged < through:
                acknowledged = await self._bite(room_id, name, acknowledged, through)
                await checkpoint()

    async def _bite(self, room_id: str, name: str, acknowledged: int, through: int) -> int:
        last = min(acknowledged + EVENTS_AT_ONCE, through)
        run = await self._source.between(room_id, name, acknowledged + 1, last, BYTES_AT_ONCE)
        while run and run[-1].stream_place > acknowledged + 1 and last > acknowledged + 1:
            # The oldest are missing: too many bytes for one call, or retention took them meanwhile.
            last = acknowledged + (last - acknowledged) // 2
            run = await self._source.between(room_id, name, acknowledged + 1, last, BYTES_AT_ONCE)
        if run and self._hook is not None:
            await self._call(self._hook, room_id, name, run[::-1])
        await self._marks.mark(room_id, name, last)
        return last

    async def _call(self, hook: OnCleanup, room_id: str, name: str, events: list[Event]) -> None:
        turn = self._turns.setdefault((room_id, name), Turn())
        if turn.is_taken:
            raise StillRunning(f"on_cleanup for {name!r} still runs, past its time")  # other streams do not wait for it
        async with turn:
            about = f"on_cleanup({room_id!r}, {name!r}, {len(events)} events)"
            await self._run_hook(Call(hook, (room_id, name, events), about), turn)
        del self._turns[room_id, name]
