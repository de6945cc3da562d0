"""What the adapters in memory share."""

from __future__ import annotations

import secrets
from collections import Counter, deque
from collections.abc import Callable, Iterator
from time import monotonic

from ...domain.kept_floors import KeptFloors
from ...domain.kept_marks import Marks, Unread
from ...domain.made_rooms import MadeRooms
from ...domain.ports.removals import Removal
from .kept_room import KeptRoom
from .presence import MemoryPresence

REMEMBERED_S = 86_400.0


def _random_name() -> str:
    return secrets.token_hex(8)


class MemoryStore:
    """Rooms and their events, as long as this object lives. Not safe across threads; one event loop uses it.

    `new_name` gives a name that nothing else has: for a room's life, and for the store's own. `now_s` is the time by
    which leases end.
    """

    def __init__(self, new_name: Callable[[], str] = _random_name, now_s: Callable[[], float] = monotonic) -> None:
        self._new_name = new_name
        self.name = new_name()
        self.rooms: dict[str, KeptRoom] = {}
        self.definitions = MadeRooms()
        self.marks = Marks()
        self.floors = KeptFloors()
        self.presence = MemoryPresence(now_s)
        self.acknowledged: dict[tuple[str, str], int] = {}  # how far `on_cleanup` was told of each stream
        self.ended: dict[str, None] = {}  # deleted and not opened since, in order of deletion
        # What belonged to ended lives leaves at once; a sweep only counts it, in the same bites as a database's would.
        self.unswept: Counter[str] = Counter()
        self.moves = 0
        self._moves: dict[str, int] = {}  # the number of each room's last move, in order of these
        self._now_s = now_s
        self._removals: deque[tuple[int, float, Removal]] = deque()  # with their numbers among the moves, and when

    def opened(self, room_id: str) -> KeptRoom:
        """The room `room_id`, new where it was never seen before."""
        room = self.rooms.get(room_id)
        if room is None:
            room = self.rooms[room_id] = KeptRoom(self._new_name)
        self.ended.pop(room_id, None)
        return room

    def note_move(self, room_id: str) -> None:
        """Something of the room has changed."""
        self.moves += 1
        self._moves.pop(room_id, None)
        self._moves[room_id] = self.moves

    def remove_user(self, removal: Removal) -> None:
        """The nodes are to remove a user."""
        now_s = self._now_s()
        while self._removals and self._removals[0][1] < now_s - REMEMBERED_S:
            self._removals.popleft()
        self.moves += 1
        self._removals.append((self.moves, now_s, removal))

    def removals_since(self, number: int) -> list[Removal]:
        """The removals behind the move of that number, oldest first."""
        return [removal for place, _, removal in self._removals if place > number]

    def moved_since(self, number: int) -> Iterator[str]:
        """The rooms that moved after the move of that number."""
        for room_id, last in reversed(self._moves.items()):
            if last <= number:
                break
            yield room_id

    def unread_of(self, room_id: str) -> Unread | None:
        """What can be unread in a room; None where it was never opened."""
        room = self.rooms.get(room_id)
        return None if room is None else Unread(room.all.floor, room.all.head, room.count_others)

    def end(self, room_id: str) -> None:
        """End the room's life."""
        self.definitions.pop(room_id, None)
        room = self.rooms.get(room_id)
        if room is not None:
            self.unswept[room_id] += room.end() + self.marks.end(room_id) + self.floors.end(room_id)
            self.ended.pop(room_id, None)
            self.ended[room_id] = None
            self.note_move(room_id)

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
            self._moves.pop(room_id, None)
        return len(too_many)
