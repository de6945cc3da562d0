"""How far the application was told of evicted events, in memory."""

from __future__ import annotations

from .store import MemoryStore


class MemoryEvictionMarks:
    """`EvictionMarks` over a `MemoryStore`."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def acknowledged(self, room_id: str, name: str) -> int:
        """See `EvictionMarks.acknowledged`."""
        return self._store.acknowledged.get((room_id, name), 0)

    async def mark(self, room_id: str, name: str, event_seq: int) -> None:
        """See `EvictionMarks.mark`."""
        room = self._store.rooms.get(room_id)
        if room is not None and name in room.streams:
            self._store.acknowledged[room_id, name] = event_seq
