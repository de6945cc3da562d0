"""What the storage has kept, in the order in which it did, as nobody in the simulation can see it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from dialogue.domain.event import Event
from dialogue.domain.names import REDACTED
from dialogue.domain.ports.room_store import StoredRoom
from dialogue.domain.room_limits import RoomLimits

Message = dict[str, Any]
NAMES = ("message", "note", "rare")
EPHEMERAL = "typing"


def pattern_of(name: str) -> str:
    """A pattern that stands for that name, and for no other one of these."""
    return f"{name[:-1]}*"


class Truth:
    """All events ever kept, by room and seq; the seqs of a room go on through its lives."""

    def __init__(self, limits: RoomLimits) -> None:
        self.limits = limits
        self.wrong: list[str] = []
        """What was seen within the server, which takes whatever is raised there for a fault of its storage or bus."""
        self.rooms: dict[str, list[Event]] = {}

    def note(self, events: Iterable[Event]) -> None:
        """These were kept just now."""
        for event in events:
            room = self.rooms.setdefault(event.room_id, [])
            if event.seq != len(room) + 1:
                self.wrong.append(f"{event} was kept where seq {len(room) + 1} is next")
            if room and event.timestamp_ms < room[-1].timestamp_ms:
                self.wrong.append(f"{event} is older than the one before it")
            room.append(event)

    def note_made(self, rooms: Sequence[StoredRoom]) -> None:
        """One was made just now, and these are all there are."""
        most = max(Counter(room.created_by_id for room in rooms).values())
        if len(rooms) > self.limits.in_all or most > self.limits.per_user:
            self.wrong.append(f"more were made than are allowed: {rooms}")

    def head(self, room_id: str) -> int:
        """The newest seq of a room."""
        return len(self.rooms.get(room_id, ()))

    def at(self, room_id: str, seq: int) -> Event:
        """The event at that place."""
        room = self.rooms.get(room_id, [])
        assert 1 <= seq <= len(room), f"there is no event at seq {seq} of {room_id}"
        return room[seq - 1]

    def between(self, room_id: str, names: Collection[str] | None, after: int, through: int) -> list[Event]:
        """The events of these names (None: all) with `after` < seq ≤ `through`, oldest first."""
        return [
            event
            for event in self.rooms.get(room_id, [])[after:through]
            if names is None or event.name in names or event.name == REDACTED
        ]

    def check(self, shown: Message) -> None:
        """What a client was shown is what was kept, blanked or not."""
        event = self.at(shown["roomId"], shown["seq"])
        assert (shown["event"], shown["timestamp"]) == (event.name, event.timestamp_ms), f"{shown} is {event}"
        if not shown.get("redacted"):
            assert (shown["data"], shown["from"]) == (json.loads(event.payload), event.sender), f"{shown} is {event}"
