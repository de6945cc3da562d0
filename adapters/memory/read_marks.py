"""Read marks in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

from ...domain.names import RESERVED_PREFIX
from ...domain.ports.read_marks import MAX_UNREAD, Mark
from .store import MemoryStore


class MemoryReadMarks:
    """`ReadMarks` over a `MemoryStore`."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def mark(self, user_id: str, room_id: str, seq: int) -> Mark:
        """See `ReadMarks.mark`."""
        marks = self._store.marks.setdefault(user_id, {})
        marks[room_id] = seq = max(marks.get(room_id, 0), seq)
        room = self._store.rooms.get(room_id)
        head, floor = (room.all.head, room.all.floor) if room else (0, 0)
        return Mark(seq=max(floor, min(seq, head)), unread=self._unread(user_id, room_id, seq))

    async def unread(self, user_id: str, room_ids: Sequence[str]) -> Mapping[str, int]:
        """See `ReadMarks.unread`."""
        marks = self._store.marks.get(user_id, {})
        return {
            room_id: self._unread(user_id, room_id, marks[room_id])
            for room_id in room_ids
            if room_id in marks and not self._is_of_earlier_life(room_id, marks[room_id])
        }

    async def forget(self, user_id: str) -> int:
        """See `ReadMarks.forget`."""
        return len(self._store.marks.pop(user_id, {}))

    def _is_of_earlier_life(self, room_id: str, seq: int) -> bool:
        room = self._store.rooms.get(room_id)
        return room is not None and 0 < room.all.floor >= seq

    def _unread(self, user_id: str, room_id: str, seq: int) -> int:
        room = self._store.rooms.get(room_id)
        if room is None:
            return 0
        after = max(seq, room.all.floor)
        runs = (run.after(after) for name, run in room.streams.items() if not name.startswith(RESERVED_PREFIX))
        others = (event for run in runs for event in run if event.sender != user_id)
        return sum(1 for _ in islice(others, MAX_UNREAD))
