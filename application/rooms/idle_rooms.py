"""Letting go of what memory holds of rooms that nobody uses."""

from __future__ import annotations

from anyio import sleep

from ..feed.hub import Hub
from ..publishing.journal import Journal
from .room_registry import RoomRegistry


class IdleRooms:
    """Closes rooms in which nobody is, and that were not used for one or two intervals; the next use opens them again.

    A room with a draft on its way stays open: what is kept has to find the buffers that it belongs into.
    """

    def __init__(self, registry: RoomRegistry, hub: Hub, journal: Journal, interval_s: float) -> None:
        self._registry = registry
        self._hub = hub
        self._journal = journal
        self._interval_s = interval_s

    async def run(self) -> None:
        """Close idle rooms until cancelled."""
        while True:
            await sleep(self._interval_s)
            self.close()

    def close(self) -> None:
        """Close those rooms that were not used since this was called before."""
        self._registry.close_unused(lambda room_id: self._hub.size(room_id) > 0 or self._journal.is_busy_with(room_id))
