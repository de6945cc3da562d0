"""Removing a user from a room, or from the server, on every node."""

from __future__ import annotations

from ...domain.ports.removals import Removal, Removals
from ..feed.hub import Hub
from ..sessions.frame import Closing
from ..sessions.join_room import JoinRoom
from .tell_nodes import TellNodes

REMOVED = 4403
REASON_BYTES = 123
"""So much of a reason fits behind a close code."""


class RemoveUser:
    """Removes a user here at once, and on every other node within one poll, whether there is a bus or not.

    Sessions that come back in between may be removed once more. It keeps nobody out: that is for the authenticator and
    the permissions.
    """

    def __init__(self, removals: Removals | None, hub: Hub, join: JoinRoom, nodes: TellNodes) -> None:
        self._removals = removals
        self._hub = hub
        self._join = join
        self._nodes = nodes

    async def __call__(self, removal: Removal) -> None:
        """Remove the user.

        Raises Unavailable where the other nodes cannot be told; here it is done all the same, and may be done again.
        """
        self.here(removal)
        if self._removals is not None:
            await self._removals.add(removal)
            self._nodes.look()

    def here(self, removal: Removal) -> None:
        """Remove the user on this node."""
        for session in self._hub.all_of(removal.user_id):
            if removal.room_id is not None:
                self._join.take_out(session, removal.room_id, removal.reason)
            else:
                self._join.end(session, removed(removal.reason))


def removed(reason: str) -> Closing:
    """How the connection of somebody ends who is removed, for that reason."""
    return Closing(REMOVED, reason.encode()[:REASON_BYTES].decode(errors="ignore"))
