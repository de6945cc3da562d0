"""Rooms made at run time that are held in memory, for every storage that holds them there."""

from __future__ import annotations

from collections.abc import Sequence

from .errors import RoomExists
from .ports.room_store import StoredRoom


class MadeRooms(dict[str, StoredRoom]):
    """The rooms that were created and not deleted, by id."""

    def in_order(self) -> Sequence[StoredRoom]:
        """All of them, in order of id."""
        return [room for _, room in sorted(self.items())]

    def add(self, room: StoredRoom) -> None:
        """Remember `room`. Raises RoomExists where there is one of this id."""
        if room.id in self:
            raise RoomExists(room.id)
        self[room.id] = room
