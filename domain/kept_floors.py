"""Read floors that are held in memory, for every storage that holds them there."""

from __future__ import annotations


class KeptFloors:
    """`ReadFloors` in memory."""

    def __init__(self) -> None:
        self._rooms: dict[str, dict[str, tuple[str, int]]] = {}  # by room, by user: epoch and seq

    async def get(self, user_id: str, room_id: str, epoch: str) -> int | None:
        """See `ReadFloors.get`."""
        found = self._rooms.get(room_id, {}).get(user_id)
        return None if found is None or found[0] != epoch else found[1]

    async def put(self, user_id: str, room_id: str, epoch: str, seq: int, most: int) -> int | None:
        """See `ReadFloors.put`."""
        floors = self._rooms.setdefault(room_id, {})
        found = floors.get(user_id)
        if found is not None and found[0] == epoch:
            return found[1]
        if found is None and len(floors) >= most:
            return None
        floors[user_id] = epoch, seq
        return seq

    async def forget(self, user_id: str, room_id: str | None = None) -> int:
        """See `ReadFloors.forget`."""
        rooms = self._rooms if room_id is None else [room_id]
        return sum(self._rooms.get(each, {}).pop(user_id, None) is not None for each in rooms)

    def end(self, room_id: str) -> int:
        """Remove all floors in a room whose life ends; how many there were."""
        return len(self._rooms.pop(room_id, {}))
