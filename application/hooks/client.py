"""A connected client, as the application's hooks see it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ...domain.errors import ConfigurationError
from ...domain.event import Event
from ..access.action import Authorize
from ..sessions.join_room import JoinRoom
from ..sessions.session import Session
from .checks import ensure_callable


class Client:
    """One connection: who it is, and the rooms that the application puts it into."""

    __slots__ = ("_join", "_session")

    def __init__(self, session: Session, join: JoinRoom) -> None:
        self._session = session
        self._join = join

    @property
    def id(self) -> str:
        """The connection's own id."""
        return self._session.id

    @property
    def user_id(self) -> str:
        """The user behind it, as the server knows it; one user may have several connections."""
        return self._session.user_id

    @property
    def rooms(self) -> tuple[str, ...]:
        """The ids of the rooms that it is in."""
        return tuple(self._session.memberships)

    async def join(self, room_id: str) -> None:
        """Put the client into the room; it is told.

        Raises RoomNotFound, RoomFull and Unavailable, and Disconnected where the client is gone.
        """
        await self._join.put(self._session, room_id)

    async def leave(self, room_id: str, reason: str = "removed by the application") -> None:
        """Take the client out of the room, where it is in it; it is told why."""
        self._join.take_out(self._session, room_id, reason)


OnConnected = Callable[[Client], Awaitable[object] | object]
OnCleanup = Callable[[str, str, list[Event]], Awaitable[object] | object]
OnLoad = Callable[[str, str, int, int], Awaitable[Iterable[Event | Mapping[str, Any]]] | Iterable[Any]]

_ARGUMENTS = {
    "authorize": ("user", "action", "room_id"),
    "on_connected": ("client",),
    "on_cleanup": ("room_id", "event_name", "events"),
    "on_load": ("room_id", "event_name", "start", "end"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """The application's own functions, called at moments of a client's life.

    Each may be async; those that are not run in a thread, where they may block. One call may take `hook_timeout_s`.

    `authorize(user, action, room_id)` says, by True or False, whether the user, an Identity, may do that in the room:
    see `Action`. It is asked at each request; what it raises is logged, and refuses. Without it everybody may join,
    read and publish everywhere, and delete and redact what is their own.

    `on_connected(client)` runs after the client was told that it is connected, and before its first request. What it
    raises is logged, and the client goes on.

    `on_cleanup(room_id, event_name, events)` gets events, oldest first, when they leave memory, and
    `on_load(room_id, event_name, start, end)` gives stored ones back, newest first, `start` counted from the newest
    that is stored, `end` exclusive: as Events, or as mappings with the names of the wire. With both of them and no
    database named, they are the storage. An `on_cleanup` that fails is called again until it does not, so it may see
    events twice.
    """

    authorize: Authorize | None = None
    on_connected: OnConnected | None = None
    on_cleanup: OnCleanup | None = None
    on_load: OnLoad | None = None

    def __post_init__(self) -> None:
        for name, arguments in _ARGUMENTS.items():
            if getattr(self, name) is not None:
                ensure_callable(f"Hooks: {name}", getattr(self, name), *arguments)
        if self.on_load is not None and self.on_cleanup is None:
            raise ConfigurationError("on_load needs on_cleanup: nothing else would give your storage the events")
