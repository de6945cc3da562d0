"""What the application asks of its users: where they are, and that they go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from ..domain.ports.removals import Removal
from .arguments import ensure_text, ensure_user_id
from .feed.hub import Hub
from .hooks.client import REASON, Client
from .nodes.remove_user import RemoveUser
from .nodes.share_crowds import ShareCrowds
from .publishing.send_event import SendEvent
from .sessions.join_room import JoinRoom
from .sessions.session import Session


@dataclass(frozen=True, slots=True)
class UserRooms:
    """The rooms that a user is in: `ids` on this node, in order of arrival."""

    ids: tuple[str, ...]
    _count: Callable[[], Awaitable[Mapping[str, int]]]
    _leave: Callable[[str, str], Awaitable[None]]

    async def everywhere(self) -> Mapping[str, int]:
        """With how many sessions the user is in which room, over all nodes; what others know may be a second old.

        A room is not counted for another node where that has more than 1,000 users in it. Raises Unavailable.
        """
        return await self._count()

    async def leave_all(self, reason: str = REASON) -> None:
        """Take the user out of all rooms that `everywhere` knows, on every node. Raises Unavailable."""
        for room_id in await self._count():
            await self._leave(room_id, reason)


class People:
    """Finds users' connections on this node, and removes users on all nodes."""

    def __init__(self, hub: Hub, join: JoinRoom, send: SendEvent, remove: RemoveUser, crowds: ShareCrowds) -> None:
        self._hub = hub
        self._crowds = crowds
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
        return UserRooms(
            tuple(ids), lambda: self._sessions_in(user_id), lambda room_id, reason: self.leave(user_id, room_id, reason)
        )

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

    async def _sessions_in(self, user_id: str) -> Mapping[str, int]:
        counts = Counter(room for session in self._hub.all_of(user_id) for room in session.memberships)
        counts.update(await self._crowds.rooms_elsewhere(user_id))
        return dict(counts)
