"""Rooms made at run time, of an application that keeps its events itself."""

from __future__ import annotations

from collections.abc import Sequence

from ...domain.ports.room_store import StoredRoom
from ...domain.room_limits import RoomLimits
from .store import OwnStore


class OwnRoomStore:
    """`RoomStore` over a `OwnStore`: rooms made at run time last as long as the process."""

    def __init__(self, store: OwnStore) -> None:
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
        self._store.ended.pop(room.id, None)

    async def delete(self, room_id: str) -> None:
        """See `RoomStore.delete`; what waits of the room's events is handed over to the application's storage."""
        self._store.end(room_id)
