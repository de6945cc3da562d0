"""Reading again what may have changed of what was there before."""

from __future__ import annotations

from ...domain.page import PageLimit
from ...domain.ports.history_archive import HistoryArchive
from ...domain.ports.history_source import HistorySource
from .room_history import RoomHistory


class RefreshHistory:
    """Brings a room's floors up to the storage's, and what memory holds of tombstones, whose senders may be forgotten.

    New events are not its business: they become visible in one place.
    """

    def __init__(self, archive: HistoryArchive, source: HistorySource) -> None:
        self._archive = archive
        self._source = source

    async def __call__(self, room_id: str, history: RoomHistory) -> None:
        """Read them now; does nothing where the room has another life meanwhile. Raises Unavailable."""
        head = await self._archive.open(room_id)
        if head.epoch != history.epoch:
            return
        for name, places in history.blank_places():
            last = places[-1]
            while last >= places[0]:
                rows = await self._source.between(room_id, name, places[0], last, PageLimit().size)
                for event in rows:
                    history.put(event)
                last = rows[-1].stream_place - 1 if rows else 0
        history.follow(head)
