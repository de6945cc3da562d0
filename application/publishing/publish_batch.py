"""Publishing several events at once: all of them, or none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ...domain.draft_group import DraftGroup
from ...domain.event import Event
from ...domain.new_event import NewEvent
from ...domain.outcome import GroupOutcome, Repeat
from ...domain.ports.history_source import HistorySource
from ...domain.room import Room
from ..access.access import Access
from ..rooms.room_registry import RoomRegistry
from ..sessions.session import Session
from .admission import Admission
from .before_kept import BeforeKept
from .journal import Journal
from .settled import first_kept, settled_group


@dataclass(frozen=True, slots=True)
class PublishedBatch:
    """Events that are kept; `is_duplicate` where they had been kept before, for the same key."""

    events: tuple[Event, ...]
    is_duplicate: bool = False


class PublishBatch:
    """Admits events into a room together, and has the journal keep them one behind the other."""

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
        events: Sequence[NewEvent],
        key: str | None,
        settle: Callable[[GroupOutcome], None],
    ) -> None:
        """Publish for a member of the room; `settle` is called once with the outcome, later.

        Raises what refuses them before they are queued, see `PublishEvent.from_session`; it names the event by its
        place, as in `events[2].data.text`.
        """
        session.membership(room_id)
        if not self._access.is_open:
            await self._access.ensure(session.identity, "publish", room_id)
        room, group = await self._admitted(room_id, events, session.user_id, key)
        if self._before_kept is None:
            await self._journal.put(group, settle)
        else:
            await self._before_kept.put(self._journal, room, group, session, settle)

    async def __call__(
        self, room_id: str, events: Sequence[NewEvent], *, sender: str, key: str | None = None
    ) -> PublishedBatch:
        """Publish and wait until all are kept; a repeat gives back the events that were kept for the key first.

        Raises what `PublishEvent.once` raises; Unavailable means that none was kept, and never will be.
        """
        _, group = await self._admitted(room_id, events, sender, key)
        outcome = await settled_group(self._journal, group)
        if isinstance(outcome, Repeat):
            return PublishedBatch(await first_kept(self._source, group, outcome), is_duplicate=True)
        return PublishedBatch(outcome)

    async def _admitted(
        self, room_id: str, events: Sequence[NewEvent], sender: str, key: str | None
    ) -> tuple[Room, DraftGroup]:
        room, history = await self._registry.open(room_id)
        return room, self._admission.batch(room, history.epoch, events, sender=sender, key=key)
