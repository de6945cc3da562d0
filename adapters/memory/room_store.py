"""The room store in memory."""

from __future__ import annotations

from collections.abc import Sequence

from ...domain.ports.room_store import StoredRoom
from ...domain.room_limits import RoomLimits
from .store import MemoryStore


class MemoryRoomStore:
    """`RoomStore` over a `MemoryStore`."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def rooms(self) -> Sequence[StoredRoom]:
        """See `RoomStore.rooms`."""
        return self._store.definitions.in_order()

    async def find(self, room_id: str) -> StoredRoom | None:
        """See `RoomStore.find`."""
        return self._store.definitions.get(room_id)

    async def create(self, room: StoredRoom, limits: RoomLimits | None = None) -> None:
        """See `RoomStore.create`."""
        self._store.definitions.add(room, limits)
        self._store.opened(room.id)
        self._store.note_move(room.id)

    async def delete(self, room_id: str) -> None:
        """See `RoomStore.delete`."""
        self._store.end(room_id)
