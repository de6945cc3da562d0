"""What the adapters in memory share."""

from __future__ import annotations

from ...domain.ports.room_store import StoredRoom
from .kept_room import KeptRoom


class MemoryStore:
    """Rooms and their events, as long as this object lives. Not safe across threads; one event loop uses it."""

    def __init__(self) -> None:
        self.rooms: dict[str, KeptRoom] = {}
        self.definitions: dict[str, StoredRoom] = {}
        self.marks: dict[str, dict[str, int]] = {}  # by user, then by room
        self.told: dict[tuple[str, str], int] = {}  # how far `on_cleanup` was told of each stream
        # Events of ended lives leave at once; the sweep only counts them, in the same bites as a database's would.
        self.ended_events = 0

    def opened(self, room_id: str) -> KeptRoom:
        """The room `room_id`, new where it was never seen before."""
        room = self.rooms.get(room_id)
        if room is None:
            room = self.rooms[room_id] = KeptRoom()
        return room
