"""How far the application was told of evicted events, where its own storage is handed them."""

from __future__ import annotations

from .store import OwnStore


class OwnEvictionMarks:
    """`EvictionMarks` over a `OwnStore`: marks last as long as the process.

    Nobody asks for them while the hooks are the storage: what is handed over is what they would be told of.
    """

    def __init__(self, store: OwnStore) -> None:
        self._store = store
        self._told: dict[tuple[str, str], int] = {}

    async def acknowledged(self, room_id: str, name: str) -> int:
        """See `EvictionMarks.acknowledged`."""
        return self._told.get((room_id, name), 0)

    async def mark(self, room_id: str, name: str, event_seq: int) -> None:
        """See `EvictionMarks.mark`."""
        room = self._store.rooms.get(room_id)
        if room is not None and name in room.streams and room.streams[name].head:
            self._told[room_id, name] = event_seq
