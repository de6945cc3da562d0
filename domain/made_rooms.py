"""Rooms made at run time that are held in memory, for every storage that holds them there."""

from __future__ import annotations

from collections.abc import Sequence

from .errors import RoomExists
from .ports.room_store import StoredRoom
from .room_limits import RoomLimits


class MadeRooms(dict[str, StoredRoom]):
    """The rooms that were created and not deleted, by id."""

    def in_order(self) -> Sequence[StoredRoom]:
        """All of them, in order of id."""
        return [room for _, room in sorted(self.items())]

    def add(self, room: StoredRoom, limits: RoomLimits | None = None) -> None:
        """Remember `room`. Raises RoomExists where there is one of this id, and Forbidden past the `limits`."""
        self.ensure_space(room, limits)
        self[room.id] = room

    def ensure_space(self, room: StoredRoom, limits: RoomLimits | None) -> None:
        """Raise as `add` does where `room` cannot be added."""
        if room.id in self:
            raise RoomExists(room.id)
        if limits is not None:
            user_id = room.created_by_id
            own = sum(1 for made in self.values() if made.created_by_id == user_id) + 1
            limits.ensure_kept(len(self) + 1, 0 if user_id is None else own)
