"""The heads of streams, remembered so that they need not be asked for before each batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..batch import HeadRow, KnownRoom, Writes

MAX_ROOMS = 10_000

Stream = tuple[str, str]
"""A room's id and an event's name."""


class StreamHeads:
    """What this node has seen or written last of the streams of up to `max_rooms` rooms.

    The head of a stream moves only together with its room's row, which a batch reads under its lock: where that is the
    same as before, these are too, whoever else writes. What is of another row is forgotten.
    """

    def __init__(self, max_rooms: int = MAX_ROOMS) -> None:
        self._max_rooms = max_rooms
        self._rooms: dict[str, tuple[HeadRow, dict[str, int]]] = {}

    def known(self, streams: Iterable[Stream], rooms: Mapping[str, KnownRoom]) -> dict[Stream, int]:
        """The heads that are known of these streams, of rooms that were found and locked as `rooms` says."""
        known: dict[Stream, int] = {}
        for stream in streams:
            room_id, name = stream
            row, heads = self._rooms.get(room_id, (None, {}))
            if name in heads and row == rooms[room_id].row:
                known[stream] = heads[name]
        return known

    def note(self, rooms: Mapping[str, KnownRoom], found: Mapping[Stream, int], writes: Writes) -> None:
        """Remember what was found, and then written and committed."""
        for room_id, room in rooms.items():
            row, heads = self._rooms.pop(room_id, (None, {}))
            self._rooms[room_id] = (writes.rooms.get(room_id, room.row), heads if row == room.row else {})
        for room_id, name in found:
            self._rooms[room_id][1][name] = found[room_id, name]
        for room_id, name in writes.streams:
            self._rooms[room_id][1][name] = writes.streams[room_id, name]
        while len(self._rooms) > self._max_rooms:
            del self._rooms[next(iter(self._rooms))]
