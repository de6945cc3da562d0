"""A connected client, as the application sees it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...domain.event_definition import EventDefinition
from ..arguments import SYSTEM, ensure_text, ensure_user_id, name_of, plain_data, plain_meta
from ..nodes.remove_user import removed
from ..ports.authenticator import Identity
from ..publishing.send_event import SendEvent
from ..sessions.join_room import JoinRoom
from ..sessions.session import Session

REASON = "removed by the application"
"""Why somebody has to go, where the application does not say."""


class Client:
    """One connection to this node: who it is, the rooms that it is in, and what the application does with it."""

    __slots__ = ("_join", "_send", "_session")

    def __init__(self, session: Session, join: JoinRoom, send: SendEvent) -> None:
        self._session = session
        self._join = join
        self._send = send

    @property
    def id(self) -> str:
        """The connection's own id."""
        return self._session.id

    @property
    def user_id(self) -> str:
        """The user behind it, as the server knows it; one user may have several connections."""
        return self._session.user_id

    @property
    def user(self) -> Identity:
        """The same with what the authenticator vouches for besides."""
        return self._session.identity

    @property
    def rooms(self) -> tuple[str, ...]:
        """The ids of the rooms that it is in."""
        return tuple(self._session.memberships)

    async def join(self, room_id: str) -> None:
        """Put the client into the room; it is told.

        No permission is asked for, and `before_join` is not called. Raises RoomNotFound, RoomFull and Unavailable,
        Disconnected where the client is gone, and Forbidden for a stream, which is of one room.
        """
        await self._join.put(self._session, room_id)

    async def leave(self, room_id: str, reason: str = REASON) -> None:
        """Take the client out of the room, where it is in it; it is told why."""
        self._join.take_out(self._session, room_id, reason)

    async def send(
        self,
        room_id: str,
        event: EventDefinition[Any] | str,
        data: object,
        *,
        sender: str = SYSTEM,
        meta: Mapping[str, object] | None = None,
    ) -> bool:
        """Send this client alone an event without history, in a room that it is in.

        Whether the client receives events of that name. Raises RoomNotFound, NotJoined, Disconnected, EventNotAllowed,
        InvalidEvent and Unavailable.
        """
        ensure_user_id("sender", sender)
        name, given, extra = name_of(event), plain_data(data), plain_meta(meta)
        return await self._send(self._session, room_id, name, given, sender=sender, meta=extra)

    async def disconnect(self, reason: str = REASON) -> None:
        """End this connection with the close code 4403 and the reason; what waits for it is sent before."""
        ensure_text("reason", reason)
        self._join.end(self._session, removed(reason))
