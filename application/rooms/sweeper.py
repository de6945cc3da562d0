"""Removing, in small bites, what no reader can see any more, and what retention lets go."""

from __future__ import annotations

import logging

from anyio import Event as Signal
from anyio import move_on_after
from anyio.lowlevel import checkpoint

from ...domain.errors import RoomNotFound, Unavailable
from ...domain.ports.history_archive import HistoryArchive
from ...domain.retention import Retention
from ...domain.room import Room
from ..nodes.turn import Turn
from ..ports.clock import Clock
from .room_registry import RoomRegistry

REMOVED_AT_ONCE = 500
FAR_AHEAD_MS = 60 * 60 * 1_000
"""From how far ahead on a room's time is spoken of."""

logger = logging.getLogger("dialogue.sweeper")


class Sweeper:
    """Has the archive remove events of rooms' earlier lives, expired keys, and what is past a stream's retention.

    At start, when a room was deleted, and every `interval_s` seconds. A commit that waits goes in between two bites. Of
    several nodes one sweeps, as long as it is there.
    """

    def __init__(
        self, archive: HistoryArchive, registry: RoomRegistry, clock: Clock, turn: Turn, interval_s: float
    ) -> None:
        self._turn = turn
        self._archive = archive
        self._registry = registry
        self._clock = clock
        self._interval_s = interval_s
        self._wanted = Signal()
        self._ahead: frozenset[str] = frozenset()

    def wake(self) -> None:
        """There is something to remove."""
        self._wanted.set()

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            try:
                await self.sweep()
            except Unavailable as error:
                logger.warning("what is to be removed could not be removed now: %s", error)
            except Exception:
                logger.exception("a sweep failed; the next one is made in %s s", self._interval_s)
            with move_on_after(self._interval_s):
                await self._wanted.wait()
            self._wanted = Signal()

    async def sweep(self) -> None:
        """Remove all that is to be removed now. Raises Unavailable."""
        self._tell_of_times()
        while await self._turn.is_ours() and await self._archive.sweep(REMOVED_AT_ONCE, self._clock.now_ms()):
            await checkpoint()
        for room in self._registry.rooms():
            for name, retention in await self._retained(room):
                if await self._turn.is_ours():
                    await self._retain(room, name, retention)

    async def _retained(self, room: Room) -> list[tuple[str, Retention]]:
        """The names of the room that have a retention; those that go by patterns are the storage's to tell."""
        definitions = dict(room.patterns.named)
        if any(each.is_pattern and each.retention is not None for each in room.definitions.values()):
            for name in (await self._archive.open(room.id)).streams:
                found = room.patterns.find(name)
                if found is not None:
                    definitions.setdefault(name, found)
        return [(name, each.retention) for name, each in definitions.items() if each.retention is not None]

    def _tell_of_times(self) -> None:
        far = self._clock.now_ms() + FAR_AHEAD_MS
        opened = self._registry.all_opened().items()
        ahead = frozenset(room_id for room_id, history in opened if history.last_timestamp_ms > far)
        for room_id in ahead - self._ahead:
            logger.warning(
                "the time of room %r is far ahead of the clock, and stands still there: "
                "stop the server and run `dialogue doctor --mend-times`",
                room_id,
            )
        self._ahead = ahead

    async def _retain(self, room: Room, name: str, retention: Retention) -> None:
        while floor := await self._archive.expired(room.id, name, retention, self._clock.now_ms(), REMOVED_AT_ONCE):
            try:
                _, history = await self._registry.open(room.id)
            except RoomNotFound:
                return
            # Memory first: whoever reads while the archive removes them finds, when done, that the floor has moved.
            history.trim(name, floor)
            await self._archive.trim(room.id, name, floor)
            await checkpoint()
