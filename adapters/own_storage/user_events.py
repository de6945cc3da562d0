"""What one user has sent, of an application that keeps its events itself."""

from __future__ import annotations

from ...domain.ports.user_events import SentEvents
from .store import OwnStore


class OwnUserEvents:
    """`UserEvents` over a `OwnStore`: those in memory; what was handed over is the application's to erase."""

    def __init__(self, store: OwnStore) -> None:
        self._store = store

    async def sent_by(self, user_id: str, cursor: str, limit: int) -> SentEvents:  # noqa: ARG002
        """See `UserEvents.sent_by`; those that were erased since the last bite name nobody, so there is no cursor."""
        places = [
            (room_id, event.place)
            for room_id, room in self._store.rooms.items()
            for stream in room.streams.values()
            for event in stream.waiting
            if event.sender == user_id and event.place > room.floor
        ]
        bite = places[:limit]
        is_end = len(places) <= limit or not bite
        return SentEvents(places=bite, cursor=None if is_end else "", scanned=len(bite), total=len(places))
