"""Who is in a room, for those who are in it: asked for, and told as it changes."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

from anyio import current_time, sleep

from ...domain.errors import Forbidden, RoomNotFound
from ...domain.ports.presence import MAX_USERS
from ..feed.hub import Hub
from ..nodes.share_crowds import ShareCrowds
from ..ports.codec import Codec
from ..sessions.frame import Frame
from ..sessions.notice import MemberJoined, MemberLeft
from .room_registry import RoomRegistry

MEMBERS_A_SECOND = 2_000
"""In a large room its members are told so seldom that no more than so many of them are told in a second."""

PAUSE_S = 0.05
"""How long those rooms wait whose turn it is not yet."""


@dataclass(frozen=True, slots=True)
class MemberList:
    """The users in a room, on all nodes, and how many sessions each has there."""

    room_id: str
    sessions: Mapping[str, int]


class TellMembers:
    """Tells the members of rooms with presence of each user who comes, and of each who has gone.

    A user is there from the first session that joins until the last one has left, over all nodes. Nobody is told of
    himself, nor while his own join is being answered. While a room has more than MAX_USERS users nobody is told. In a
    large room those who come within a moment are told of together, and who comes and goes within it is not told of.
    """

    def __init__(self, registry: RoomRegistry, hub: Hub, crowds: ShareCrowds) -> None:
        self._registry = registry
        self._hub = hub
        self._crowds = crowds
        self._not_before: dict[str, float] = {}
        self._told: dict[str, Set[str] | None] = {}  # by room; None: too many

    async def list(self, room_id: str) -> MemberList:
        """Who is in the room now. Raises RoomNotFound, and Forbidden where the room does not tell."""
        if not self._registry.room(room_id).has_presence:
            raise Forbidden(f"The room {room_id!r} does not tell who is in it")
        await self._crowds.look([room_id])
        users = self._users(room_id)
        if users is None:
            raise Forbidden(f"More than {MAX_USERS} users are in the room {room_id!r}, too many to list")
        return MemberList(room_id, dict(users))

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            await self._hub.regrouped()
            await sleep(self.tell(current_time()))

    def tell(self, now: float) -> float:
        """Tell of those rooms whose turn it is; after how many seconds it may be another room's turn."""
        for room_id in list(self._hub.regrouped_rooms):
            if self._not_before.get(room_id, 0) <= now:
                del self._hub.regrouped_rooms[room_id]
                self._tell(room_id)
                self._not_before[room_id] = now + self._hub.size(room_id) / MEMBERS_A_SECOND
        self._not_before = {room_id: at for room_id, at in self._not_before.items() if at > now}
        return PAUSE_S if self._hub.regrouped_rooms else 0

    def _users(self, room_id: str) -> Mapping[str, int] | None:
        users = self._hub.all_users(room_id)
        return None if users is None or len(users) > MAX_USERS else users

    def _tell(self, room_id: str) -> None:
        if not self._hub.size(room_id) or not self._has_presence(room_id):
            self._told.pop(room_id, None)
            return
        if room_id not in self._told:
            self._crowds.hear([room_id])  # nobody here has asked yet who is in it on other nodes
        before = self._told.get(room_id, frozenset())
        users = self._users(room_id)
        now = self._told[room_id] = None if users is None else frozenset(users)
        if before is None or now is None:
            return
        for user_id in sorted(before - now):
            self._send(MemberLeft(room_id, user_id))
        for user_id in sorted(now - before):
            self._send(MemberJoined(room_id, user_id))

    def _send(self, notice: MemberJoined | MemberLeft) -> None:
        encoded: dict[Codec, Frame] = {}
        for session, membership in self._hub.memberships(notice.room_id):
            if session.user_id == notice.user_id or membership.held is not None:
                continue
            if session.codec not in encoded:
                encoded[session.codec] = session.codec.notice(notice)
            session.outbox.put(encoded[session.codec])

    def _has_presence(self, room_id: str) -> bool:
        try:
            return self._registry.room(room_id).has_presence
        except RoomNotFound:
            return False
