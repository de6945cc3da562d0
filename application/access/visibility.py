"""From where on a user may read a room's history."""

from __future__ import annotations

from ...domain.errors import Forbidden, JoinDenied
from ...domain.ports.read_floors import ReadFloors
from ...domain.ports.read_marks import ReadMarks
from ...domain.room import Room
from ..ports.authenticator import Identity
from ..rooms.room_history import RoomHistory
from ..rooms.room_registry import RoomRegistry


class Visibility:
    """Gives users their floors: of the rooms that say so, a user reads what came after the first join.

    A floor is put when the user first joins a life of the room, and stays; a room remembers `most` of them. Nothing
    else puts one: who never joined cannot read such a room by any other way.
    """

    def __init__(self, registry: RoomRegistry, floors: ReadFloors, marks: ReadMarks, most: int) -> None:
        self._registry = registry
        self._floors = floors
        self._marks = marks
        self._most = most

    async def of_joiner(self, identity: Identity, room: Room, history: RoomHistory, from_seq: int | None) -> int:
        """The floor of a user who joins: events with a larger seq are his to read; 0 where all are.

        `from_seq` is from where on the application lets this user read, None where it does not say. Raises JoinDenied
        where the room remembers as many floors as it may, and Unavailable.
        """
        if not _is_bounded(room, from_seq):
            return 0
        user_id = identity.user_id
        found = await self._floors.get(user_id, room.id, history.epoch)
        if found is not None:
            return found
        seq = history.head if from_seq is None else max(0, from_seq - 1)
        floor = await self._floors.put(user_id, room.id, history.epoch, seq, self._most)
        if floor is None:
            raise JoinDenied(f"As many users have joined the room {room.id!r} as it remembers")
        if await self._marks.unread(user_id, [room.id]):
            await self._marks.mark(user_id, room.id, floor)  # what lies below is not unread any more
        return floor

    async def of_reader(self, identity: Identity, room_id: str, from_seq: int | None) -> int:
        """The floor of a user who reads without joining. Raises RoomNotFound, Forbidden and Unavailable."""
        room, history = await self._registry.open(room_id)
        if not _is_bounded(room, from_seq):
            return 0
        floor = await self._floors.get(identity.user_id, room_id, history.epoch)
        if floor is None:
            raise Forbidden("In this room one reads what was said since one joined, and you have not joined")
        return floor

    async def forget(self, user_id: str, room_id: str | None = None) -> None:
        """Let the user's next join be a first one, in that room or in all."""
        await self._floors.forget(user_id, room_id)


def _is_bounded(room: Room, from_seq: int | None) -> bool:
    return from_seq is not None or room.history_visible == "since_join"
