"""The room store in memory."""

from __future__ import annotations

from collections.abc import Sequence

from ...domain.ports.room_store import StoredRoom
from .store import MemoryStore


class MemoryRoomStore:
    """`RoomStore` over a `MemoryStore`."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def rooms(self) -> Sequence[StoredRoom]:
        """See `RoomStore.rooms`."""
        return self._store.definitions.in_order()

    async def create(self, room: StoredRoom) -> None:
        """See `RoomStore.create`."""
        self._store.definitions.add(room)
        self._store.ended.pop(room.id, None)

    async def delete(self, room_id: str) -> None:
        """See `RoomStore.delete`."""
        self._store.end(room_id)
