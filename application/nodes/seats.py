"""Places in rooms with a maximum, over all nodes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import Lock

from ...domain.errors import RoomNotFound
from ...domain.ports.presence import LeaseOver, Presence
from ...domain.room import Room
from ..feed.hub import Hub
from ..rooms.room_registry import RoomRegistry
from ..sessions.frame import SERVER_FAULT
from ..sessions.session import Session
from .keep_lease import KeepLease


class _Claims:
    """What this node says of one room, one thing after the other; `entering` have a place and are not in yet."""

    __slots__ = ("entering", "lock", "users")

    def __init__(self) -> None:
        self.lock = Lock()
        self.entering = 0
        self.users = 0


class Seats:
    """Claims a place in the storage before somebody enters a room with a maximum.

    What is said of a room is said under its lock, and is always the whole: how many are in, and on their way in. So no
    older word overwrites a newer one, and the storage passes over one that comes late, by its number. When the lease is
    over all who are in such rooms leave at once, and come back.
    """

    def __init__(self, presence: Presence | None, lease: KeepLease, hub: Hub, registry: RoomRegistry) -> None:
        self._presence = presence
        self._lease = lease
        self._hub = hub
        self._registry = registry
        self._claims: dict[str, _Claims] = {}
        lease.when_over(self._end)

    def is_bounded(self, room_id: str) -> bool:
        """Whether the room has a maximum, so that places in it are claimed."""
        try:
            return self._registry.room(room_id).max_size is not None
        except RoomNotFound:
            return False

    @asynccontextmanager
    async def seat(self, session: Session, room: Room) -> AsyncIterator[None]:
        """A place for the session, which is to enter inside. Raises RoomFull and Unavailable.

        Where this node is alone, and in rooms without a maximum, there is nothing to claim; nor for who is in already.
        """
        if self._presence is None or room.max_size is None or room.id in session.memberships:
            yield
            return
        node = await self._lease.held()
        claims = self._claims.setdefault(room.id, _Claims())
        claims.users += 1
        try:
            async with claims.lock:
                claims.entering += 1
                try:
                    number = self._lease.next_number()
                    await self._presence.claim(node, number, room.id, self.taken(room.id), room.max_size)
                except BaseException:
                    self._give_back(room.id, claims)
                    raise
            try:
                if not self._lease.is_held or self._lease.node != node:
                    raise LeaseOver
                yield
            finally:
                self._give_back(room.id, claims)
        finally:
            self._let_go(room.id, claims)

    @asynccontextmanager
    async def telling(self, room_id: str) -> AsyncIterator[None]:
        """Inside, nobody else says anything of the room."""
        claims = self._claims.setdefault(room_id, _Claims())
        claims.users += 1
        try:
            async with claims.lock:
                yield
        finally:
            self._let_go(room_id, claims)

    def taken(self, room_id: str) -> int:
        """How many are in the room on this node, and on their way in."""
        claims = self._claims.get(room_id)
        return self._hub.local_crowd(room_id).size + (0 if claims is None else claims.entering)

    def _give_back(self, room_id: str, claims: _Claims) -> None:
        claims.entering -= 1
        self._hub.note_changed(room_id)  # it is in now, or was claimed in vain

    def _let_go(self, room_id: str, claims: _Claims) -> None:
        claims.users -= 1
        if not claims.users:
            del self._claims[room_id]

    def _end(self) -> None:
        for room_id in filter(self.is_bounded, self._hub.rooms()):
            for session in self._hub.members(room_id):
                self._hub.leave(session, room_id)
                session.outbox.finish(SERVER_FAULT)
