"""A connected client, as the application's hooks see it."""

from __future__ import annotations

from ..ports.authenticator import Identity
from ..sessions.join_room import JoinRoom
from ..sessions.session import Session


class Client:
    """One connection: who it is, and the rooms that the application puts it into."""

    __slots__ = ("_join", "_session")

    def __init__(self, session: Session, join: JoinRoom) -> None:
        self._session = session
        self._join = join

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

    async def leave(self, room_id: str, reason: str = "removed by the application") -> None:
        """Take the client out of the room, where it is in it; it is told why."""
        self._join.take_out(self._session, room_id, reason)
