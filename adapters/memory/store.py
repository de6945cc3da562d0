"""What the adapters in memory share."""

from __future__ import annotations

from collections import Counter

from ...domain.kept_marks import Marks, Unread
from ...domain.made_rooms import MadeRooms
from .kept_room import KeptRoom


class MemoryStore:
    """Rooms and their events, as long as this object lives. Not safe across threads; one event loop uses it."""

    def __init__(self) -> None:
        self.rooms: dict[str, KeptRoom] = {}
        self.definitions = MadeRooms()
        self.marks = Marks()
        self.acknowledged: dict[tuple[str, str], int] = {}  # how far `on_cleanup` was told of each stream
        self.ended: dict[str, None] = {}  # deleted and not opened since, in order of deletion
        # What belonged to ended lives leaves at once; a sweep only counts it, in the same bites as a database's would.
        self.unswept: Counter[str] = Counter()

    def opened(self, room_id: str) -> KeptRoom:
        """The room `room_id`, new where it was never seen before."""
        room = self.rooms.get(room_id)
        if room is None:
            room = self.rooms[room_id] = KeptRoom()
        self.ended.pop(room_id, None)
        return room

    def unread_of(self, room_id: str) -> Unread | None:
        """What can be unread in a room; None where it was never opened."""
        room = self.rooms.get(room_id)
        return None if room is None else Unread(room.all.floor, room.all.head, room.count_others)

    def end(self, room_id: str) -> None:
        """End the room's life."""
        self.definitions.pop(room_id, None)
        room = self.rooms.get(room_id)
        if room is not None:
            self.unswept[room_id] += room.end() + self.marks.end(room_id)
            self.ended.pop(room_id, None)
            self.ended[room_id] = None

    def sweep(self, limit: int) -> int:
        """Let go of what is left of ended lives; about `limit` at a time."""
        removed = 0
        for room_id in [*self.unswept]:
            bite = min(self.unswept[room_id], limit - removed)
            self.unswept[room_id] -= bite
            removed += bite
            if removed >= limit:
                break
            del self.unswept[room_id]
            if room_id in self.ended:
                removed += self.rooms[room_id].forget_streams()
        return removed

    def forget_rooms(self, limit: int) -> int:
        """Forget the oldest deleted rooms that are more than `limit`; how many."""
        too_many = [*self.ended][: max(0, len(self.ended) - limit)]
        for room_id in too_many:
            del self.ended[room_id], self.rooms[room_id]
        return len(too_many)
