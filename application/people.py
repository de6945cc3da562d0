"""What the application asks of its users: where they are, and that they go."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ..domain.ports.removals import Removal
from .arguments import ensure_text, ensure_user_id
from .feed.hub import Hub
from .hooks.client import REASON, Client
from .nodes.remove_user import RemoveUser
from .publishing.send_event import SendEvent
from .sessions.join_room import JoinRoom
from .sessions.session import Session


@dataclass(frozen=True, slots=True)
class UserRooms:
    """The rooms that a user is in on this node, in order of arrival."""

    ids: tuple[str, ...]
    _leave: Callable[[str, str], Awaitable[None]]

    async def leave_all(self, reason: str = REASON) -> None:
        """Take the user out of each of them, on every node. Raises Unavailable where other nodes cannot be told."""
        for room_id in self.ids:
            await self._leave(room_id, reason)


class People:
    """Finds users' connections on this node, and removes users on all nodes."""

    def __init__(self, hub: Hub, join: JoinRoom, send: SendEvent, remove: RemoveUser) -> None:
        self._hub = hub
        self._join = join
        self._send = send
        self._remove = remove

    def client(self, session: Session) -> Client:
        """The session as the application sees it."""
        return Client(session, self._join, self._send)

    def clients(self, user_id: str) -> list[Client]:
        """The user's connections to this node, in order of arrival."""
        ensure_user_id("user_id", user_id)
        return [self.client(session) for session in self._hub.sessions_of(user_id)]

    def rooms_of(self, user_id: str) -> UserRooms:
        """The rooms that the user's connections to this node, and streams of this node, are in."""
        ensure_user_id("user_id", user_id)
        ids = dict.fromkeys(room for session in self._hub.all_of(user_id) for room in session.memberships)
        return UserRooms(tuple(ids), lambda room_id, reason: self.leave(user_id, room_id, reason))

    def is_in_room(self, user_id: str, room_id: str) -> bool:
        """Whether the user is in the room: on this node, or, as far as this node has heard, on another one."""
        ensure_user_id("user_id", user_id)
        ensure_text("room_id", room_id)
        return user_id in (self._hub.all_users(room_id) or self._hub.users(room_id))

    async def leave(self, user_id: str, room_id: str, reason: str) -> None:
        """Take the user out of the room, on every node. Raises Unavailable where other nodes cannot be told."""
        ensure_user_id("user_id", user_id)
        ensure_text("reason", reason)
        await self._remove(Removal(user_id=user_id, room_id=room_id, reason=reason))

    async def disconnect(self, user_id: str, reason: str) -> None:
        """End all of the user's connections, on every node. Raises Unavailable where other nodes cannot be told."""
        ensure_user_id("user_id", user_id)
        ensure_text("reason", reason)
        await self._remove(Removal(user_id=user_id, reason=reason))
