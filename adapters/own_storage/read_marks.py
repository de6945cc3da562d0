"""Read marks of an application that keeps its events itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...domain.names import REDACTED
from ...domain.ports.read_marks import Mark
from .store import OwnStore


class OwnReadMarks:
    """`ReadMarks` over a `OwnStore`: like the positions that they name, marks last as long as the process.

    Seqs have no holes and nothing is trimmed here, so the room's head tells what is unread, less the redactions. Of
    these the newest 1,000 are known: where there were more since the mark, the older ones are counted too.
    """

    def __init__(self, store: OwnStore) -> None:
        self._store = store
        self._marks: dict[str, dict[str, int]] = {}

    async def mark(self, user_id: str, room_id: str, seq: int) -> Mark:
        """See `ReadMarks.mark`."""
        marks = self._marks.setdefault(user_id, {})
        marks[room_id] = seq = max(marks.get(room_id, 0), seq)
        room = self._store.rooms.get(room_id)
        return Mark(seq=min(seq, room.head if room else 0), unread=self._unread(room_id, seq))

    async def unread(self, user_id: str, room_ids: Sequence[str]) -> Mapping[str, int]:
        """See `ReadMarks.unread`."""
        marks = self._marks.get(user_id, {})
        return {room_id: self._unread(room_id, marks[room_id]) for room_id in room_ids if room_id in marks}

    async def forget(self, user_id: str) -> int:
        """See `ReadMarks.forget`."""
        return len(self._marks.pop(user_id, {}))

    def _unread(self, room_id: str, seq: int) -> int:
        room = self._store.rooms.get(room_id)
        if room is None:
            return 0
        read = max(seq, room.floor)
        redactions = sum(1 for event in room.streams[REDACTED].waiting if event.place > read)
        return max(0, room.head - read - redactions)
