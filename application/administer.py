"""Removing users on behalf of those who may administer."""

from __future__ import annotations

import logging

from ..domain.ports.removals import Removal
from .access.access import SOMEWHERE, Access
from .arguments import ensure_user_id
from .nodes.remove_user import RemoveUser
from .ports.authenticator import Identity
from .rooms.room_registry import RoomRegistry

logger = logging.getLogger("dialogue.access")


class Administer:
    """Removes a user from a room, or from the server, on every node, where the rules let who asks for it `administer`.

    As `RemoveUser` it keeps nobody out: that is for the rules.
    """

    def __init__(self, registry: RoomRegistry, access: Access, remove: RemoveUser) -> None:
        self._registry = registry
        self._access = access
        self._remove = remove

    async def remove_member(self, identity: Identity, room_id: str, user_id: str, reason: str) -> None:
        """Take the user, who may be in it or not, out of the room. Raises RoomNotFound, Forbidden and Unavailable."""
        ensure_user_id("userId", user_id)
        await self._access.ensure(identity, "join", room_id)
        await self._registry.look_for(room_id)
        self._registry.room(room_id)
        await self._access.ensure(identity, "administer", room_id)
        logger.info("%r takes %r out of the room %r", identity.user_id, user_id, room_id)
        await self._remove(Removal(user_id=user_id, room_id=room_id, reason=reason))

    async def disconnect(self, identity: Identity, user_id: str, reason: str) -> None:
        """End the user's connections. Raises Forbidden and Unavailable."""
        ensure_user_id("userId", user_id)
        await self._access.ensure(identity, "administer", SOMEWHERE)
        logger.info("%r ends the connections of %r", identity.user_id, user_id)
        await self._remove(Removal(user_id=user_id, reason=reason))
