"""Read marks that are held in memory, for every storage that holds them there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .ports.read_marks import Mark


@dataclass(frozen=True, slots=True)
class Unread:
    """Where a room's present life begins and ends, and who counts what others published in it.

    `count(user_id, after)` stops at MAX_UNREAD.
    """

    floor: int
    head: int
    count: Callable[[str, int], int]


class Marks:
    """How far each user has read in each room."""

    def __init__(self) -> None:
        self._of_users: dict[str, dict[str, int]] = {}

    def of(self, user_id: str) -> Mapping[str, int]:
        """The user's marks, by room."""
        return self._of_users.get(user_id, {})

    def move(self, user_id: str, room_id: str, seq: int) -> int:
        """Move a mark to `seq`, if that is forwards; where it is then."""
        marks = self._of_users.setdefault(user_id, {})
        marks[room_id] = max(marks.get(room_id, 0), seq)
        return marks[room_id]

    def forget(self, user_id: str) -> int:
        """Remove all marks of the user; how many there were."""
        return len(self._of_users.pop(user_id, {}))

    def end(self, room_id: str) -> int:
        """Remove all marks in a room whose life ends; how many there were."""
        return sum(marks.pop(room_id, None) is not None for marks in self._of_users.values())


class KeptMarks:
    """`ReadMarks` in memory, of rooms of which `unread_of(room_id)` tells; None of one that was never opened."""

    def __init__(self, marks: Marks, unread_of: Callable[[str], Unread | None]) -> None:
        self._marks = marks
        self._unread_of = unread_of

    async def mark(self, user_id: str, room_id: str, seq: int) -> Mark:
        """See `ReadMarks.mark`."""
        seq = self._marks.move(user_id, room_id, seq)
        room = self._unread_of(room_id)
        if room is None:
            return Mark(seq=0, unread=0)
        return Mark(seq=max(room.floor, min(seq, room.head)), unread=self._count(user_id, room, seq))

    async def unread(self, user_id: str, room_ids: Sequence[str]) -> Mapping[str, int]:
        """See `ReadMarks.unread`."""
        marks = self._marks.of(user_id)
        found = {room_id: (self._unread_of(room_id), marks[room_id]) for room_id in room_ids if room_id in marks}
        return {
            room_id: 0 if room is None else self._count(user_id, room, seq)
            for room_id, (room, seq) in found.items()
            if room is None or not 0 < room.floor >= seq
        }

    async def forget(self, user_id: str) -> int:
        """See `ReadMarks.forget`."""
        return self._marks.forget(user_id)

    def _count(self, user_id: str, room: Unread, seq: int) -> int:
        return room.count(user_id, max(seq, room.floor))
