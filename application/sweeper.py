"""Removing, in small bites, what no reader can see any more."""

from __future__ import annotations

import logging

from anyio import Event as Signal
from anyio import move_on_after
from anyio.lowlevel import checkpoint

from ..domain.errors import Unavailable
from ..domain.ports.history_archive import HistoryArchive

BITE = 500
INTERVAL_S = 60.0

logger = logging.getLogger("dialogue.sweeper")


class Sweeper:
    """Has the archive remove events of rooms' earlier lives: at start, when a room was deleted, and at intervals."""

    def __init__(self, archive: HistoryArchive) -> None:
        self._archive = archive
        self._wanted = Signal()

    def wake(self) -> None:
        """There is something to remove."""
        self._wanted.set()

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            await self._sweep()
            with move_on_after(INTERVAL_S):
                await self._wanted.wait()
            self._wanted = Signal()

    async def _sweep(self) -> None:
        try:
            while await self._archive.sweep(BITE):
                await checkpoint()  # a commit that waits goes in between two bites
        except Unavailable as error:
            logger.warning("events of deleted rooms could not be removed now: %s", error)
