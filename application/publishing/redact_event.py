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
from ..access.access import Access
from ..ports.authenticator import Identity
from ..rooms.room_registry import RoomRegistry
from .journal import Journal
from .settled import settled


class RedactEvent:
    """Blanks one event for good, in the archive, in memory and at every member."""

    def __init__(self, registry: RoomRegistry, journal: Journal, source: HistorySource, access: Access) -> None:
        self._registry = registry
        self._journal = journal
        self._source = source
        self._access = access

    async def __call__(self, room_id: str, seq: int, *, by: str) -> Event | Repeat:
        """Blank the event at `seq` on the application's own behalf, which `by` names.

        Gives the event that tells it, or a Repeat where it was blank already. Raises RoomNotFound, PositionUnknown
        where there is no such event (any more), and Unavailable.
        """
        _, history = await self._registry.open(room_id)
        draft = Draft.of_redaction(Redaction(seq=seq, by=by), room_id, history.epoch)
        return await settled(self._journal, DraftGroup.of(draft))

    async def by_user(self, identity: Identity, room_id: str, seq: int) -> Event | Repeat:
        """As above, on behalf of a user who can read the room.

        Whoever sent the event, and whoever made the room, needs no permission to `redact`; Forbidden for all others.
        """
        from_seq = await self._access.ensure_reader(identity, room_id)
        above = await self._access.visibility.of_reader(identity, room_id, from_seq)
        room, history = await self._registry.open(room_id)
        found = await self._source.older(room_id, None, seq + 1, PageLimit(events=1))
        if not found or found[0].seq != seq or found[0].name == REDACTED or seq <= above:
            why = f"There is no event at seq {seq} that could be redacted"
            raise PositionUnknown(why, epoch=history.epoch, floor=max(history.floor, above), head=history.head)
        is_own = self._access.own.redact and identity.user_id in (found[0].sender, room.created_by_id)
        if not is_own and not await self._access.may(identity, "redact", room_id):
            raise Forbidden("Only who sent an event, or who made its room, may redact it")
        return await self(room_id, seq, by=identity.user_id)
