"""What others have done to the rooms, in memory."""

from __future__ import annotations

from collections.abc import Sequence

from ...domain.ports.room_moves import Moves, RoomMove
from .store import MemoryStore


class MemoryRoomMoves:
    """`RoomMoves` over a `MemoryStore`, which several nodes in one process may share; a cursor counts the moves."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def moved(self, since: str | None) -> Moves:
        """See `RoomMoves.moved`."""
        cursor = f"{self._store.name}:{self._store.moves}"
        name, _, number = (since or "").partition(":")
        if name != self._store.name:
            return Moves(cursor=cursor, rooms=(), is_complete=False)
        rooms = [self._move(room_id) for room_id in self._store.moved_since(int(number))]
        return Moves(cursor=cursor, rooms=rooms, removals=self._store.removals_since(int(number)))

    async def at(self, room_ids: Sequence[str]) -> Sequence[RoomMove]:
        """See `RoomMoves.at`."""
        return [self._move(room_id) for room_id in dict.fromkeys(room_ids) if room_id in self._store.rooms]

    def _move(self, room_id: str) -> RoomMove:
        head = self._store.rooms[room_id].head
        return RoomMove(
            room_id=room_id,
            epoch=head.epoch,
            head=head.head,
            floor=head.floor,
            stamp=head.stamp,
            is_made=room_id in self._store.definitions,
        )
