"""The application's own functions, and when each is called."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, fields
from typing import Any

from ...domain.errors import ConfigurationError
from ...domain.event import Event
from ..access.action import Authorize, BeforeJoin
from ..ports.authenticator import Identity
from ..sessions.notice import RoomInfo
from .checks import ensure_callable
from .client import Client
from .incoming_event import IncomingEvent

Authenticate = Callable[[Mapping[str, Any], str | None], Awaitable[Identity | str | None] | Identity | str | None]
OnConnect = Callable[[Identity, str], Awaitable[object] | object]
OnClient = Callable[[Client], Awaitable[object] | object]
OnClientInRoom = Callable[[Client, str], Awaitable[object] | object]
Judgement = IncomingEvent | bool | None
BeforeEach = Callable[[IncomingEvent], Awaitable[Judgement] | Judgement]
AfterEach = Callable[[Event, int], Awaitable[object] | object]
OnTriggered = Callable[[Event], Awaitable[object] | object]
OnCleanup = Callable[[str, str, list[Event]], Awaitable[object] | object]
OnLoad = Callable[[str, str, int, int], Awaitable[Iterable[Event | Mapping[str, Any]]] | Iterable[Any]]
OnRoomCreated = Callable[[RoomInfo], Awaitable[object] | object]
OnRoomDeleted = Callable[[str], Awaitable[object] | object]

_ARGUMENTS = {
    "authenticate": ("auth", "client_id"),
    "authorize": ("user", "action", "room_id"),
    "on_connect": ("user", "client_id"),
    "on_connected": ("client",),
    "on_disconnected": ("client",),
    "before_join": ("user", "room_id"),
    "on_joined": ("client", "room_id"),
    "on_left": ("client", "room_id"),
    "before_each": ("event",),
    "after_each": ("event", "recipients"),
    "on_triggered": ("event",),
    "on_cleanup": ("room_id", "event_name", "events"),
    "on_load": ("room_id", "event_name", "start", "end"),
    "on_room_created": ("room",),
    "on_room_deleted": ("room_id",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """The application's own functions, called at moments of a client's, a room's or an event's life.

    Each may be async; those that are not run in a thread, where they may block. One call may take `hook_timeout_s`.
    What one raises is logged, and harms nobody; `authenticate`, `authorize` and those that begin with `before_` refuse
    then, and their errors are told to no client.

    `authenticate(auth, client_id)` says who is asking: an Identity or a user id, or None where nobody knows.
    `authorize(user, action, room_id)` says, by True or False, whether the user may do that in the room: see `Action`.

    `on_connect(user, client_id)` is called when it is known who a client is, before it is told that it is connected;
    `on_connected(client)` after that, before its first request; `on_disconnected(client)` when it is gone.

    `before_join(user, room_id)` may keep a user out of a room by raising `JoinDenied(reason)`, or giving False, on
    every way in. `on_joined(client, room_id)` and `on_left(client, room_id)` are called after that has happened.

    `before_each(event)` may keep an IncomingEvent of a user's from being kept, by raising `EventRejected(reason)` or
    giving False, or replace its data and meta by giving `event.replace(…)`. `on_triggered(event)` and
    `after_each(event, recipients)` are called when it is kept and sent; each by one node, in order.

    `on_room_created(room)` and `on_room_deleted(room_id)` tell of rooms made at run time, on the node that did it.

    `on_cleanup(room_id, event_name, events)` gets events, oldest first, when they leave memory, and
    `on_load(room_id, event_name, start, end)` gives stored ones back, newest first, `start` counted from the newest
    that is stored, `end` exclusive: as Events, or as mappings with the names of the wire. With both of them and no
    database named, they are the storage. An `on_cleanup` that fails is called again until it does not, so it may see
    events twice.
    """

    authenticate: Authenticate | None = None
    authorize: Authorize | None = None
    on_connect: OnConnect | None = None
    on_connected: OnClient | None = None
    on_disconnected: OnClient | None = None
    before_join: BeforeJoin | None = None
    on_joined: OnClientInRoom | None = None
    on_left: OnClientInRoom | None = None
    before_each: BeforeEach | None = None
    after_each: AfterEach | None = None
    on_triggered: OnTriggered | None = None
    on_cleanup: OnCleanup | None = None
    on_load: OnLoad | None = None
    on_room_created: OnRoomCreated | None = None
    on_room_deleted: OnRoomDeleted | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            if getattr(self, field.name) is not None:
                ensure_hook(field.name, getattr(self, field.name), "Hooks: ")
        self.ensure_whole()

    def ensure_whole(self) -> None:
        """Raise ConfigurationError where one hook lacks another that it needs."""
        if self.on_load is not None and self.on_cleanup is None:
            raise ConfigurationError("on_load needs on_cleanup: nothing else would give your storage the events")

    def with_(self, name: str, hook: object) -> Hooks:
        """The same with another hook, which was looked at; what it may need can still come."""
        changed = copy(self)
        object.__setattr__(changed, name, hook)
        return changed


def ensure_hook(name: str, function: object, where: str = "") -> None:
    """Raise ConfigurationError unless `function` can be called as the hook of that name."""
    ensure_callable(f"{where}{name}", function, *_ARGUMENTS[name])
