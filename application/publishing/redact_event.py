"""Taking the content of an event away."""

from __future__ import annotations

from ...domain.draft import Draft
from ...domain.draft_group import DraftGroup
from ...domain.errors import Forbidden, PositionUnknown
from ...domain.event import Event
from ...domain.names import REDACTED
from ...domain.outcome import Repeat
from ...domain.page import PageLimit
from ...domain.ports.history_source import HistorySource
from ...domain.redaction import Redaction
from ..rooms.room_registry import RoomRegistry
from .journal import Journal
from .settled import settled


class RedactEvent:
    """Blanks one event for good, in the archive, in memory and at every member."""

    def __init__(self, registry: RoomRegistry, journal: Journal, source: HistorySource) -> None:
        self._registry = registry
        self._journal = journal
        self._source = source

    async def __call__(self, room_id: str, seq: int, *, by: str) -> Event | Repeat:
        """Blank the event at `seq` on the application's own behalf, which `by` names.

        Gives the event that tells it, or a Repeat where it was blank already. Raises RoomNotFound, PositionUnknown
        where there is no such event (any more), and Unavailable.
        """
        _, history = await self._registry.open(room_id)
        draft = Draft.of_redaction(Redaction(seq=seq, by=by), room_id, history.epoch)
        return await settled(self._journal, DraftGroup.of(draft))

    async def by_user(self, room_id: str, seq: int, user_id: str) -> Event | Repeat:
        """As above, on behalf of a user: of who sent the event, or who made the room; Forbidden for all others."""
        room, history = await self._registry.open(room_id)
        found = await self._source.older(room_id, None, seq + 1, PageLimit(events=1))
        if not found or found[0].seq != seq or found[0].name == REDACTED:
            why = f"There is no event at seq {seq} that could be redacted"
            raise PositionUnknown(why, epoch=history.epoch, floor=history.floor, head=history.head)
        if user_id not in (found[0].sender, room.created_by_id):
            raise Forbidden("Only who sent an event, or who made its room, may redact it")
        return await self(room_id, seq, by=user_id)
