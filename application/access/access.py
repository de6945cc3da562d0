"""What a user may do in a room, asked on every way in."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from ...domain.errors import Forbidden, JoinDenied, RoomNotFound, Unavailable
from ...domain.json_value import MAX_INTEGER
from ..deadline import remaining_s
from ..hooks.run_hook import Call, RunHook
from ..ports.authenticator import Identity
from ..rooms.room_registry import RoomRegistry
from .action import Action, Authorize, BeforeJoin
from .roles import Roles
from .visibility import Visibility

OPEN: frozenset[Action] = frozenset({"join", "read", "publish", "create"})
"""What everybody may where the application gives no rules."""

SOMEWHERE = ""
"""In place of a room's id: whether the user may make rooms at all."""

logger = logging.getLogger("dialogue.access")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRights:
    """What needs no permission: making rooms where there are no rules, and deleting and redacting what is one's own."""

    create: bool = True
    delete: bool = True
    redact: bool = True


class Access:
    """Asks the application's rules, where it has some: `authorize` decides then, and no one else.

    Where it fails, takes too long or gives no bool, nothing is allowed. `before_join` may keep a user out of a room
    that it may join by the rules, on every way in; what it raises beside JoinDenied keeps the user out, too.
    """

    def __init__(
        self,
        run_hook: RunHook,
        registry: RoomRegistry,
        visibility: Visibility,
        authorize: Authorize | None = None,
        before_join: BeforeJoin | None = None,
        own: OwnRights | None = None,
    ) -> None:
        self.visibility = visibility
        self.own = own or OwnRights()
        self._open = OPEN if self.own.create else OPEN - {"create"}
        self._run_hook = run_hook
        self._registry = registry
        self._authorize = authorize
        self._before_join = before_join
        self.is_open = authorize is None
        """Whether nobody is asked: no room is hidden from anybody."""

    async def may(self, identity: Identity, action: Action, room_id: str) -> bool:
        """Whether the user may do that in the room; False, too, where the rules do not say."""
        try:
            return await self._asked(identity, action, room_id)
        except Unavailable:
            return False

    async def sees(self, identity: Identity, room_id: str) -> bool:
        """Whether the user may know of the room. Raises Unavailable where the rules do not say.

        For who asks about many rooms or users: one failure is enough to stop.
        """
        return await self._asked(identity, "join", room_id)

    async def ensure(self, identity: Identity, action: Action, room_id: str) -> None:
        """Raise Forbidden where the user may not do that in the room, and RoomNotFound where it may not even `join`.

        Whoever may not enter a room does not learn that it is there: so this is asked before the room is looked for.
        Raises Unavailable where the rules do not say.
        """
        if self._authorize is None and action in self._open:
            return
        if not await self._asked(identity, action, room_id):
            if action == "join":
                raise RoomNotFound(room_id)
            raise Forbidden(f"You may not {_SAID[action]}")

    async def ensure_reader(self, identity: Identity, room_id: str) -> int | None:
        """Raise what keeps the user, member or not, from the room's events.

        That is RoomNotFound, Forbidden, JoinDenied, Unavailable. Gives the seq from which on `before_join` lets the
        user read; None where it does not say.
        """
        return await self._ensure_inside(identity, "read", room_id)

    async def ensure_publisher(self, identity: Identity, room_id: str) -> None:
        """Raise what keeps the user, member or not, from publishing there; as above."""
        await self._ensure_inside(identity, "publish", room_id)

    async def _ensure_inside(self, identity: Identity, action: Action, room_id: str) -> int | None:
        await self.ensure(identity, "join", room_id)
        await self.ensure(identity, action, room_id)
        if self._before_join is None:
            return None
        await self._registry.look_for(room_id)
        self._registry.room(room_id)
        return await self._ask_before_join(self._before_join, identity, room_id)

    async def _ask_before_join(self, before_join: BeforeJoin, identity: Identity, room_id: str) -> int | None:
        about = f"before_join of {identity.user_id!r} in {room_id!r}"
        try:
            call = Call(before_join, (identity, room_id), about, identity.user_id)
            answer: object = await self._run_hook(call, timeout_s=remaining_s())
        except JoinDenied as denied:
            raise JoinDenied(denied.message) from denied
        except Exception as error:
            logger.exception("%s failed: the user is kept out", about)
            raise JoinDenied from error
        if answer is None or answer is True:
            return None
        if isinstance(answer, int) and 0 <= answer <= MAX_INTEGER and answer is not False:
            return answer
        if answer is not False:
            logger.error("%s gave %.200r, which is no bool and no seq: the user is kept out", about, answer)
        raise JoinDenied

    async def _asked(self, identity: Identity, action: Action, room_id: str) -> bool:
        if self._authorize is None:
            return action in self._open
        if isinstance(self._authorize, Roles):
            return self._authorize(identity, action, room_id)
        about = f"authorize, whether {identity.user_id!r} may {action} in {room_id!r},"
        call = Call(self._authorize, (identity, action, room_id), about, identity.user_id)
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
