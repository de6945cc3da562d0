"""Publishing: from what somebody sends to an event that is kept and seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from anyio import Event as Signal

from ..domain.errors import DialogueError, InvalidEvent, Problem
from ..domain.event import Draft, Event
from ..domain.page import weight
from .journal import Journal, Outcome, Settle
from .room_registry import RoomRegistry
from .session import Session


class PublishEvent:
    """Admits an event into a room and has the journal keep it."""

    def __init__(self, registry: RoomRegistry, journal: Journal, max_event_size: int) -> None:
        self._registry = registry
        self._journal = journal
        self._max_event_size = max_event_size

    async def from_session(
        self,
        session: Session,
        room_id: str,
        event_name: str,
        data: object,
        meta: Mapping[str, object] | None,
        settle: Settle,
    ) -> None:
        """Publish for a member of the room; `settle` is called once with the outcome, later.

        Raises what refuses the event before it is queued: NotJoined, EventNotAllowed, InvalidEvent, Unavailable.
        """
        session.membership(room_id)
        draft = await self._draft(room_id, event_name, data, session.user_id, meta)
        await self._journal.put(draft, settle)

    async def __call__(
        self,
        room_id: str,
        event_name: str,
        data: object,
        *,
        sender: str,
        meta: Mapping[str, object] | None = None,
    ) -> Event:
        """Publish and wait until the event is kept.

        Raises RoomNotFound, EventNotAllowed, InvalidEvent, and Unavailable, which means: not kept, and never will be.
        """
        draft = await self._draft(room_id, event_name, data, sender, meta)
        waiting = _Waiting()
        await self._journal.put(draft, waiting.settle)
        return await waiting.event()

    async def _draft(
        self, room_id: str, event_name: str, data: Any, sender: str, meta: Mapping[str, object] | None
    ) -> Draft:
        room, history = await self._registry.open(room_id)
        draft = room.admit(event_name, data, sender=sender, epoch=history.epoch, meta=meta)
        if weight(draft) > self._max_event_size:
            problem = f"must be at most {self._max_event_size} bytes of JSON, not {len(draft.payload)}"
            raise InvalidEvent([Problem("data", problem)])
        return draft


class _Waiting:
    def __init__(self) -> None:
        self._settled = Signal()
        self._outcome: Outcome | None = None

    def settle(self, outcome: Outcome) -> None:
        self._outcome = outcome
        self._settled.set()

    async def event(self) -> Event:
        await self._settled.wait()
        assert self._outcome is not None
        if isinstance(self._outcome, DialogueError):
            raise self._outcome
        return self._outcome
