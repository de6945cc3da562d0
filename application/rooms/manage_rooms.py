"""Making, deleting and listing rooms."""

from __future__ import annotations

from typing import Any

from ...domain.event_definition import EventDefinition
from ...domain.ports.room_store import StoredRoom
from ...domain.room import Room
from ..feed.hub import Hub
from ..nodes.tell_nodes import TellNodes
from ..sessions.join_room import JoinRoom
from ..sessions.notice import RoomCreated, RoomDeleted, RoomInfo
from ..sessions.session import Session
from .room_registry import RoomChange, RoomRegistry
from .sweeper import Sweeper


class ManageRooms:
    """Makes and deletes rooms at run time, and tells everyone who may see them."""

    def __init__(self, registry: RoomRegistry, hub: Hub, join: JoinRoom, sweeper: Sweeper, nodes: TellNodes) -> None:
        self._nodes = nodes
        self._registry = registry
        self._hub = hub
        self._join = join
        self._sweeper = sweeper

    @property
    def may_create(self) -> bool:
        """Whether rooms can be made at run time."""
        return self._registry.may_create

    def info(self, room: Room) -> RoomInfo:
        """The room as visitors see it."""
        crowd = self._hub.crowd(room.id)
        return RoomInfo(
            id=room.id,
            name=room.name,
            size=crowd.size,
            users=crowd.users,
            description=room.description,
            max_size=room.max_size,
            created_by_id=room.created_by_id,
        )

    def find(self, room_id: str) -> RoomInfo:
        """One room. Raises RoomNotFound."""
        return self.info(self._registry.room(room_id))

    async def look_for(self, room_id: str) -> None:
        """See `RoomRegistry.look_for`."""
        await self._registry.look_for(room_id)

    def definitions(self, room_id: str) -> tuple[EventDefinition[Any], ...]:
        """The events that a room allows. Raises RoomNotFound."""
        return tuple(self._registry.room(room_id).definitions.values())

    def list(self, after: str = "", limit: int = 100) -> tuple[list[RoomInfo], str | None]:
        """At most `limit` rooms behind the id `after`, in order of id; and the id to go on from, if there are more."""
        rooms = self._registry.rooms(after, limit + 1)
        more = rooms[limit - 1].id if len(rooms) > limit else None
        return [self.info(room) for room in rooms[:limit]], more

    async def create(self, room: StoredRoom, *, by: Session | None = None) -> RoomInfo:
        """Make a room. Raises Forbidden, RoomExists, EventNotAllowed and Unavailable."""
        info = self.info(await self._registry.create(room))
        self._hub.announce(RoomCreated(info), but=by)
        self._nodes.rooms_changed()
        return info

    async def delete(self, room_id: str, *, user_id: str | None = None, by: Session | None = None) -> None:
        """Delete a room made at run time, and its history, on behalf of a user or (None) of the application.

        Raises RoomNotFound, Forbidden and Unavailable.
        """
        await self._registry.delete(room_id, user_id)
        self._nodes.rooms_changed()
        self._show_deleted(room_id, by)
        self._sweeper.wake()

    def show(self, change: RoomChange) -> None:
        """Tell everyone what others have done to a room."""
        if change.is_gone:
            self._show_deleted(change.room_id, None)
        if change.made is not None:
            self._hub.announce(RoomCreated(self.info(change.made)))

    def _show_deleted(self, room_id: str, by: Session | None) -> None:
        for member in self._hub.members(room_id):
            if member is by:
                self._hub.leave(member, room_id)
            else:
                self._join.take_out(member, room_id, "the room was deleted")
        self._hub.announce(RoomDeleted(room_id), but=by)
