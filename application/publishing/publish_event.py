"""Publishing: from what somebody sends to an event that is kept and seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...domain.draft_group import DraftGroup
from ...domain.event import Event
from ...domain.outcome import Repeat
from ...domain.ports.history_source import HistorySource
from ...domain.room import Room
from ..access.access import Access
from ..feed.submission import Settle
from ..ports.authenticator import Identity
from ..rooms.room_registry import RoomRegistry
from ..sessions.session import Session
from .admission import Admission
from .before_kept import BeforeKept
from .journal import Journal
from .settled import first_kept, settled


@dataclass(frozen=True, slots=True)
class Published:
    """An event that is kept; `is_duplicate` where it had been kept before, for the same key."""

    event: Event
    is_duplicate: bool = False


class PublishEvent:
    """Admits an event into a room and has the journal keep it."""

    def __init__(
        self,
        registry: RoomRegistry,
        journal: Journal,
        source: HistorySource,
        admission: Admission,
        access: Access,
        before_kept: BeforeKept | None = None,
    ) -> None:
        self._before_kept = before_kept
        self._registry = registry
        self._journal = journal
        self._source = source
        self._admission = admission
        self._access = access

    async def from_session(
        self,
        session: Session,
        room_id: str,
        event_name: str,
        data: object,
        meta: Mapping[str, object] | None,
        key: str | None,
        settle: Settle,
    ) -> None:
        """Publish for a member of the room; `settle` is called once with the outcome, later: a group of one, or none.

        Raises what refuses the event before it is queued: NotJoined, Forbidden, EventNotAllowed, InvalidEvent,
        InvalidRequest for a key that is none, EventRejected, Unavailable.
        """
        session.membership(room_id)
        if not self._access.is_open:
            await self._access.ensure(session.identity, "publish", room_id)
        room, group = await self._admitted(room_id, event_name, data, session.user_id, meta, key)
        if self._before_kept is None:
            await self._journal.put(group, settle)
        else:
            await self._before_kept.put(self._journal, room, group, session, settle)

    async def by_user(
        self,
        identity: Identity,
        room_id: str,
        event_name: str,
        data: object,
        *,
        meta: Mapping[str, object] | None = None,
        key: str | None = None,
    ) -> Published:
        """As `once`, on behalf of a user, who need not be a member but must be allowed to be one.

        Raises what `once` raises, Forbidden, JoinDenied and EventRejected.
        """
        await self._access.ensure_publisher(identity, room_id)
        room, group = await self._admitted(room_id, event_name, data, identity.user_id, meta, key)
        if self._before_kept is None:
            return await self._kept(group)
        judged = await self._before_kept(room, group, identity)
        if isinstance(judged, Repeat):
            return await self._repeated(group, judged)
        try:
            return await self._kept(judged)
        finally:
            self._before_kept.settled(judged)

    async def __call__(
        self,
        room_id: str,
        event_name: str,
        data: object,
        *,
        sender: str,
        meta: Mapping[str, object] | None = None,
        key: str | None = None,
    ) -> Event:
        """As `once`, for whoever does not ask whether the event was a repeat."""
        return (await self.once(room_id, event_name, data, sender=sender, meta=meta, key=key)).event

    async def once(
        self,
        room_id: str,
        event_name: str,
        data: object,
        *,
        sender: str,
        meta: Mapping[str, object] | None = None,
        key: str | None = None,
    ) -> Published:
        """Publish for the application itself, which no permission and no hook is asked about.

        Waits until the event is kept; a repeat gives back the event that was kept for the key first.

        Raises RoomNotFound, EventNotAllowed, InvalidEvent, InvalidRequest (a key that is none, or was used for another
        event), and Unavailable, which means: not kept, and never will be.
        """
        _, group = await self._admitted(room_id, event_name, data, sender, meta, key)
        return await self._kept(group)

    async def _kept(self, group: DraftGroup) -> Published:
        outcome = await settled(self._journal, group)
        if isinstance(outcome, Event):
            return Published(outcome)
        return await self._repeated(group, outcome)

    async def _repeated(self, group: DraftGroup, repeat: Repeat) -> Published:
        (event,) = await first_kept(self._source, group, repeat)
        return Published(event, is_duplicate=True)

    async def _admitted(
        self,
        room_id: str,
        event_name: str,
        data: Any,
        sender: str,
        meta: Mapping[str, object] | None,
        key: str | None,
    ) -> tuple[Room, DraftGroup]:
        room, history = await self._registry.open(room_id)
        return room, self._admission(room, history.epoch, event_name, data, sender=sender, meta=meta, key=key)
