"""What one user has sent, in memory."""

from __future__ import annotations

from ...domain.ports.user_events import SentEvents
from .store import MemoryStore


class MemoryUserEvents:
    """`UserEvents` over a `MemoryStore`; the cursor counts the events that were looked at."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def sent_by(self, user_id: str, cursor: str, limit: int) -> SentEvents:
        """See `UserEvents.sent_by`."""
        looked_at = int(cursor or 0)
        total = sum(len(room.all.events) for room in self._store.rooms.values())
        places: list[tuple[str, int]] = []
        scanned = 0
        for room_id, room in self._store.rooms.items():
            for event in room.all.events:
                if len(places) == limit:
                    return SentEvents(places=places, cursor=str(scanned), scanned=scanned, total=total)
                scanned += 1
                if scanned > looked_at and event.sender == user_id:
                    places.append((room_id, event.place))
        return SentEvents(places=places, cursor=None, scanned=total, total=total)
