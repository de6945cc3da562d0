"""Sending an event to one client alone."""

from __future__ import annotations

from collections.abc import Mapping

from ...domain.errors import Disconnected, EventNotAllowed
from ..ports.clock import Clock
from ..rooms.room_registry import RoomRegistry
from ..sessions.session import Session


class SendEvent:
    """Sends one session an event without history, which nobody else gets."""

    def __init__(self, registry: RoomRegistry, clock: Clock) -> None:
        self._registry = registry
        self._clock = clock

    async def __call__(
        self,
        session: Session,
        room_id: str,
        event_name: str,
        data: object,
        *,
        sender: str,
        meta: Mapping[str, object] | None,
    ) -> bool:
        """Send it; whether the session receives events of this name.

        Raises RoomNotFound, NotJoined, Disconnected, InvalidEvent, Unavailable, and EventNotAllowed, also for a name
        with history: what one client alone got could not be read again.
        """
        room, history = await self._registry.open(room_id)
        if session.has_ended:
            raise Disconnected(session.id)
        membership = session.membership(room_id)
        if room.definition(event_name).has_history:
            ephemeral = tuple(name for name in room.definitions if name not in room.names_with_history)
            why = "has history, and can only be sent to all,"
            raise EventNotAllowed(room_id, event_name, ephemeral, why=why)
        draft = room.admit(event_name, data, sender=sender, epoch=history.epoch, meta=meta)
        if event_name not in membership.names:
            return False
        events = [draft.kept(timestamp_ms=history.pass_time(self._clock.now_ms()))]
        if membership.held is not None:
            session.hold_back(membership, events)
        else:
            session.send(session.codec.events(room_id, events))
        return True
