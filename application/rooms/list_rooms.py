"""Listing rooms for somebody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from anyio.lowlevel import checkpoint

from ...domain.errors import Unavailable
from ...domain.event_definition import EventDefinition
from ...domain.room import Room
from ..access.access import SOMEWHERE, Access
from ..deadline import remaining_s
from ..nodes.share_crowds import ShareCrowds
from ..ports.authenticator import Identity
from ..reading.mark_read import MarkRead
from ..sessions.notice import RoomInfo
from .manage_rooms import ManageRooms

A_TURN = 100
"""So many rooms are looked through before others have their turn."""


@dataclass(frozen=True, slots=True)
class RoomList:
    """Some of the rooms, in order of id, and the id to go on from, if there are more; and whether rooms may be made.

    `asked_about` says about how many rooms the application's rules were asked for it.
    """

    rooms: tuple[RoomInfo, ...]
    cursor: str | None
    may_create: bool
    asked_about: int = 0


class ListRooms:
    """Tells of rooms as one user sees them: only those that the user may join, with what is unread there."""

    def __init__(self, manage: ManageRooms, mark_read: MarkRead, crowds: ShareCrowds, access: Access) -> None:
        self._crowds = crowds
        self._manage = manage
        self._mark_read = mark_read
        self._access = access

    async def __call__(self, identity: Identity, after: str, limit: int) -> RoomList:
        """At most `limit` rooms behind the id `after`.

        The id to go on from is that of a room in the list: no other one is told. Raises Unavailable.
        """
        seen, asked_about = await self._seen(identity, self._manage.rooms(after), limit + 1)
        rooms = seen[:limit]
        cursor = rooms[-1].id if len(seen) > limit else None
        may_create = self._manage.may_create and await self._access.may(identity, "create", SOMEWHERE)
        return RoomList(await self._with_unread(identity, rooms), cursor, may_create, asked_about)

    async def one(self, identity: Identity, room_id: str) -> RoomInfo:
        """One room. Raises RoomNotFound and Unavailable."""
        await self._access.ensure(identity, "join", room_id)
        await self._manage.look_for(room_id)
        (room,) = await self._with_unread(identity, [self._manage.room(room_id)])
        return room

    async def definitions(self, identity: Identity, room_id: str) -> tuple[EventDefinition[Any], ...]:
        """The events that a room allows, in the order in which it defines them. Raises RoomNotFound and Unavailable."""
        await self._access.ensure(identity, "join", room_id)
        return self._manage.definitions(room_id)

    async def _seen(self, identity: Identity, rooms: Sequence[Room], limit: int) -> tuple[Sequence[Room], int]:
        """The first `limit` of `rooms` that the user may see, and about how many somebody had to be asked."""
        if self._access.is_open:
            return rooms[:limit], 0
        found: list[Room] = []
        number = 0
        for number, room in enumerate(rooms, 1):
            if number % A_TURN == 0:
                await checkpoint()
            if remaining_s() <= 0:
                raise Unavailable("It takes too long to find out which rooms you may see")
            if await self._access.sees(identity, room.id):
                found.append(room)
                if len(found) == limit:
                    break
        return found, number

    async def _with_unread(self, identity: Identity, rooms: Sequence[Room]) -> tuple[RoomInfo, ...]:
        ids = [room.id for room in rooms]
        await self._crowds.look(ids)
        unread = await self._mark_read.unread(identity.user_id, ids)
        infos = map(self._manage.info, rooms)
        return tuple(replace(self._crowds.counted(room), unread=unread.get(room.id)) for room in infos)
