"""Read marks of an application that keeps its events itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

from ...domain.ports.read_marks import MAX_UNREAD, Mark
from .store import OwnStore


class OwnReadMarks:
    """`ReadMarks` over a `OwnStore`: like the positions that they name, marks last as long as the process.

    Seqs have no holes and nothing is trimmed here, so the room's head tells what came after the mark. Of the newest
    MAX_UNREAD of these it is known who sent them; where there are more, the older ones are counted, whoever did.
    """

    def __init__(self, store: OwnStore) -> None:
        self._store = store
        self._marks: dict[str, dict[str, int]] = {}

    async def mark(self, user_id: str, room_id: str, seq: int) -> Mark:
        """See `ReadMarks.mark`."""
        marks = self._marks.setdefault(user_id, {})
        marks[room_id] = seq = max(marks.get(room_id, 0), seq)
        room = self._store.rooms.get(room_id)
        head, floor = (room.head, room.floor) if room else (0, 0)
        return Mark(seq=max(floor, min(seq, head)), unread=self._unread(user_id, room_id, seq))

    async def unread(self, user_id: str, room_ids: Sequence[str]) -> Mapping[str, int]:
        """See `ReadMarks.unread`."""
        marks = self._marks.get(user_id, {})
        return {
            room_id: self._unread(user_id, room_id, marks[room_id])
            for room_id in room_ids
            if room_id in marks and not self._is_of_earlier_life(room_id, marks[room_id])
        }

    async def forget(self, user_id: str) -> int:
        """See `ReadMarks.forget`."""
        return len(self._marks.pop(user_id, {}))

    def _is_of_earlier_life(self, room_id: str, seq: int) -> bool:
        room = self._store.rooms.get(room_id)
        return room is not None and 0 < room.floor >= seq

    def _unread(self, user_id: str, room_id: str, seq: int) -> int:
        room = self._store.rooms.get(room_id)
        if room is None:
            return 0
        behind = max(0, room.head - max(seq, room.floor))
        known = islice(reversed(room.senders), behind)
        not_counted = sum(1 for sender in known if sender is None or sender == user_id)
        return min(MAX_UNREAD, behind - not_counted)
