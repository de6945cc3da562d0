"""What one user has sent, of an application that keeps its events itself."""

from __future__ import annotations

from ...domain.ports.user_events import SentEvents
from .store import OwnStore


class OwnUserEvents:
    """`UserEvents` over a `OwnStore`: those in memory; what was handed over is the application's to erase.

    The cursor is the last place that was given, over all rooms in order of id: it stays right while events leave.
    """

    def __init__(self, store: OwnStore) -> None:
        self._store = store

    async def sent_by(self, user_id: str, cursor: str, limit: int) -> SentEvents:
        """See `UserEvents.sent_by`."""
        after = _place_of(cursor)
        rooms = {room_id: room.in_memory() for room_id, room in sorted(self._store.rooms.items())}
        total = sum(map(len, rooms.values()))
        places: list[tuple[str, int]] = []
        scanned = 0
        for room_id, events in rooms.items():
            for event in events:
                place = (room_id, event.place)
                if place > after and event.sender == user_id:
                    if len(places) == limit:
                        last = _cursor_of(places[-1]) if places else cursor
                        return SentEvents(places=places, cursor=last, scanned=scanned, total=total)
                    places.append(place)
                scanned += 1
        return SentEvents(places=places, cursor=None, scanned=total, total=total)


def _cursor_of(place: tuple[str, int]) -> str:
    room_id, seq = place
    return f"{seq} {room_id}"


def _place_of(cursor: str) -> tuple[str, int]:
    seq, _, room_id = cursor.partition(" ")
    return room_id, int(seq or 0)
