"""Making, deleting and listing rooms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...domain.event_definition import EventDefinition
from ...domain.ports.room_store import StoredRoom
from ...domain.room import Room
from ..access.access import Access
from ..feed.hub import Hub
from ..ports.authenticator import Identity
from ..sessions.join_room import JoinRoom
from ..sessions.notice import RoomCreated, RoomDeleted, RoomInfo
from ..sessions.session import Session
from .room_registry import RoomChange, RoomRegistry
from .sweeper import Sweeper
from .tell_rooms import TellRooms


class ManageRooms:
    """Makes and deletes rooms at run time, and tells everyone who may see them."""

    def __init__(
        self, registry: RoomRegistry, hub: Hub, join: JoinRoom, sweeper: Sweeper, tell: TellRooms, access: Access
    ) -> None:
        self._tell = tell
        self._access = access
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

    def room(self, room_id: str) -> Room:
        """One room. Raises RoomNotFound."""
        return self._registry.room(room_id)

    def find(self, room_id: str) -> RoomInfo:
        """One room as visitors see it. Raises RoomNotFound."""
        return self.info(self.room(room_id))

    async def look_for(self, room_id: str) -> None:
        """See `RoomRegistry.look_for`."""
        await self._registry.look_for(room_id)

    def definitions(self, room_id: str) -> tuple[EventDefinition[Any], ...]:
        """The events that a room allows. Raises RoomNotFound."""
        return tuple(self._registry.room(room_id).definitions.values())

    def rooms(self, after: str = "") -> Sequence[Room]:
        """The rooms behind the id `after`, in order of id."""
        return self._registry.rooms(after)

    async def create(self, room: StoredRoom, *, by: Session | None = None) -> RoomInfo:
        """Make a room. Raises Forbidden, RoomExists, EventNotAllowed and Unavailable."""
        info = self.info(await self._registry.create(room))
        self._tell.changed(RoomCreated(info), but=by)
        return info

    async def delete(self, room_id: str, *, identity: Identity | None = None, by: Session | None = None) -> None:
        """Delete a room made at run time, and its history, on behalf of a user or (None) of the application.

        Whoever made it needs no permission to `delete` it. Raises RoomNotFound, Forbidden and Unavailable.
        """
        only_of = None if identity is None else await self._deletes_only_of(identity, room_id)
        await self._registry.delete(room_id, only_of)
        self._leave(room_id, by)
        self._tell.changed(RoomDeleted(room_id), but=by)
        self._sweeper.wake()

    def show(self, change: RoomChange) -> None:
        """Tell everyone what others have done to a room."""
        if change.is_gone:
            self._leave(change.room_id, None)
            self._tell(RoomDeleted(change.room_id))
        if change.made is not None:
            self._tell(RoomCreated(self.info(change.made)))

    async def _deletes_only_of(self, identity: Identity, room_id: str) -> str | None:
        """Whose rooms the user may delete: None is anybody's."""
        await self._access.ensure(identity, "join", room_id)
        if self._access.own.delete:
            return None if await self._access.may(identity, "delete", room_id) else identity.user_id
        await self._access.ensure(identity, "delete", room_id)
        return None

    def _leave(self, room_id: str, by: Session | None) -> None:
        for member in self._hub.members(room_id):
            if member is by:
                self._hub.leave(member, room_id)
            else:
                self._join.take_out(member, room_id, "the room was deleted")
