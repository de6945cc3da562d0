"""The archive in memory."""

from __future__ import annotations

from collections.abc import Sequence

from ...domain.errors import DialogueError, RoomNotFound
from ...domain.event import Draft, Event
from ...domain.position import RoomHead
from .store import MemoryStore


class MemoryHistoryArchive:
    """`HistoryArchive` over a `MemoryStore`: what it keeps lives as long as that does."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def open(self, room_id: str) -> RoomHead:
        """See `HistoryArchive.open`."""
        return self._store.opened(room_id).head

    async def append(self, drafts: Sequence[Draft], now_ms: int) -> list[Event | DialogueError]:
        """See `HistoryArchive.append`."""
        return [self._append(draft, now_ms) for draft in drafts]

    def _append(self, draft: Draft, now_ms: int) -> Event | DialogueError:
        room = self._store.rooms.get(draft.room_id)
        if room is None or room.epoch != draft.epoch:
            return RoomNotFound(draft.room_id)
        return room.keep(draft, now_ms)

    async def sweep(self, limit: int) -> int:
        """See `HistoryArchive.sweep`."""
        swept = min(limit, self._store.ended_events)
        self._store.ended_events -= swept
        return swept
