"""Listing rooms for somebody."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ...domain.event_definition import EventDefinition
from ..nodes.share_crowds import ShareCrowds
from ..reading.mark_read import MarkRead
from ..sessions.notice import RoomInfo
from .manage_rooms import ManageRooms


@dataclass(frozen=True, slots=True)
class RoomList:
    """Some of the rooms, in order of id, and the id to go on from, if there are more; and whether rooms may be made."""

    rooms: tuple[RoomInfo, ...]
    cursor: str | None
    may_create: bool


class ListRooms:
    """Tells of rooms as one user sees them: with what is unread there."""

    def __init__(self, manage: ManageRooms, mark_read: MarkRead, crowds: ShareCrowds) -> None:
        self._crowds = crowds
        self._manage = manage
        self._mark_read = mark_read

    async def __call__(self, user_id: str, after: str, limit: int) -> RoomList:
        """At most `limit` rooms behind the id `after`."""
        rooms, cursor = self._manage.list(after, limit)
        return RoomList(await self._with_unread(user_id, rooms), cursor, self._manage.may_create)

    async def one(self, user_id: str, room_id: str) -> RoomInfo:
        """One room. Raises RoomNotFound and Unavailable."""
        await self._manage.look_for(room_id)
        (room,) = await self._with_unread(user_id, [self._manage.find(room_id)])
        return room

    def definitions(self, room_id: str) -> tuple[EventDefinition[Any], ...]:
        """The events that a room allows, in the order in which it defines them. Raises RoomNotFound."""
        return self._manage.definitions(room_id)

    async def _with_unread(self, user_id: str, rooms: list[RoomInfo]) -> tuple[RoomInfo, ...]:
        ids = [room.id for room in rooms]
        await self._crowds.look(ids)
        unread = await self._mark_read.unread(user_id, ids)
        return tuple(replace(self._crowds.counted(room), unread=unread.get(room.id)) for room in rooms)
