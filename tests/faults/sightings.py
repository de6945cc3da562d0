"""What any client has ever seen at a place: the same for all, and what is kept there."""

from __future__ import annotations

from collections.abc import Iterable

from ..support.wire_client import Message
from .kept import Kept


class Sightings:
    """The event at each place, as the first client saw it.

    Every later client must see the same: so nobody has to remember more of an event than its seq.
    """

    def __init__(self) -> None:
        self._events: dict[tuple[str, int], Message] = {}
        self.count = 0

    def see(self, room_id: str, events: Iterable[Message]) -> list[int]:
        """Take up what a client was sent, live or in a page; the seqs."""
        seqs = []
        for event in events:
            seq = event["seq"]
            seqs.append(seq)
            first = self._events.setdefault((room_id, seq), event)
            assert first is event or first == event, f"two events at one place: {first} and {event}"
        self.count += len(seqs)
        return seqs

    def check(self, kept: Kept) -> None:
        """Nobody has seen what is not kept just so."""
        for (room_id, seq), event in self._events.items():
            assert kept.event(room_id, seq) == event
