"""What a user may do in a room, asked on every way in."""

from __future__ import annotations

import logging

from ...domain.errors import Forbidden, RoomNotFound, Unavailable
from ..deadline import remaining_s
from ..hooks.run_hook import Call, RunHook
from ..ports.authenticator import Identity
from .action import Action, Authorize
from .roles import Roles

OPEN: frozenset[Action] = frozenset({"join", "read", "publish", "create"})
"""What everybody may where the application gives no rules."""

SOMEWHERE = ""
"""In place of a room's id: whether the user may make rooms at all."""

logger = logging.getLogger("dialogue.access")


class Access:
    """Asks the application's rules, where it has some: `authorize` decides then, and no one else.

    Where it fails, takes too long or gives no bool, nothing is allowed.
    """

    def __init__(self, run_hook: RunHook, authorize: Authorize | None = None) -> None:
        self._run_hook = run_hook
        self._authorize = authorize

    @property
    def is_open(self) -> bool:
        """Whether nobody is asked: no room is hidden from anybody."""
        return self._authorize is None

    async def may(self, identity: Identity, action: Action, room_id: str) -> bool:
        """Whether the user may do that in the room; False, too, where the rules do not say."""
        try:
            return await self._asked(identity, action, room_id)
        except Unavailable:
            return False

    async def ensure(self, identity: Identity, action: Action, room_id: str) -> None:
        """Raise Forbidden where the user may not do that in the room, and RoomNotFound where it may not even `join`.

        Whoever may not enter a room does not learn that it is there: so this is asked before the room is looked for.
        Raises Unavailable where the rules do not say.
        """
        if self._authorize is None and action in OPEN:
            return
        if not await self._asked(identity, action, room_id):
            if action == "join":
                raise RoomNotFound(room_id)
            raise Forbidden(f"You may not {_SAID[action]}")

    async def ensure_reader(self, identity: Identity, room_id: str) -> None:
        """Raise what keeps the user from the room's events: RoomNotFound, Forbidden, Unavailable."""
        await self.ensure(identity, "join", room_id)
        await self.ensure(identity, "read", room_id)

    async def ensure_publisher(self, identity: Identity, room_id: str) -> None:
        """Raise what keeps the user, member or not, from publishing there: RoomNotFound, Forbidden, Unavailable."""
        await self.ensure(identity, "join", room_id)
        await self.ensure(identity, "publish", room_id)

    async def _asked(self, identity: Identity, action: Action, room_id: str) -> bool:
        if self._authorize is None:
            return action in OPEN
        if isinstance(self._authorize, Roles):
            return self._authorize(identity, action, room_id)
        about = f"authorize, whether {identity.user_id!r} may {action} in {room_id!r},"
        call = Call(self._authorize, (identity, action, room_id), about)
        try:
            answer: object = await self._run_hook(call, timeout_s=remaining_s())
        except Exception as error:
            logger.exception("%s failed: it is refused", about)
            raise Unavailable("Whether you may do this could not be found out") from error
        if not isinstance(answer, bool):
            logger.error("%s gave %.200r, which is no bool: it is refused", about, answer)
            raise Unavailable("Whether you may do this could not be found out")
        return answer


_SAID: dict[Action, str] = {
    "join": "join this room",
    "read": "read this room's events",
    "publish": "publish in this room",
    "create": "make this room",
    "delete": "delete this room",
    "redact": "redact this event",
    "administer": "administer this room",
}
