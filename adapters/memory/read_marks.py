"""Read marks in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...domain.names import RESERVED_PREFIX
from ...domain.ports.read_marks import Mark
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
        return Mark(seq=min(seq, room.all.head if room else 0), unread=self._unread(room_id, seq))

    async def unread(self, user_id: str, room_ids: Sequence[str]) -> Mapping[str, int]:
        """See `ReadMarks.unread`."""
        marks = self._store.marks.get(user_id, {})
        return {room_id: self._unread(room_id, marks[room_id]) for room_id in room_ids if room_id in marks}

    async def forget(self, user_id: str) -> int:
        """See `ReadMarks.forget`."""
        return len(self._store.marks.pop(user_id, {}))

    def _unread(self, room_id: str, seq: int) -> int:
        room = self._store.rooms.get(room_id)
        if room is None:
            return 0
        after = max(seq, room.all.floor)
        return sum(run.count_after(after) for name, run in room.streams.items() if not name.startswith(RESERVED_PREFIX))
