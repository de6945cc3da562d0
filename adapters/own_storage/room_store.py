"""Rooms made at run time, of an application that keeps its events itself."""

from __future__ import annotations

from collections.abc import Sequence

from ...domain.errors import RoomExists
from ...domain.ports.room_store import StoredRoom
from .store import OwnStore


class OwnRoomStore:
    """`RoomStore` over a `OwnStore`: rooms made at run time last as long as the process."""

    def __init__(self, store: OwnStore) -> None:
        self._store = store

    async def rooms(self) -> Sequence[StoredRoom]:
        """See `RoomStore.rooms`."""
        return [room for _, room in sorted(self._store.definitions.items())]

    async def create(self, room: StoredRoom) -> None:
        """See `RoomStore.create`."""
        if room.id in self._store.definitions:
            raise RoomExists(room.id)
        self._store.definitions[room.id] = room

    async def delete(self, room_id: str) -> None:
        """See `RoomStore.delete`; what waits of the room's events is handed over to the application's storage."""
        self._store.definitions.pop(room_id, None)
        room = self._store.rooms.get(room_id)
        if room is not None:
            room.end()
            self._store.hand_over(room)
