"""What a developer writes: an application of rooms, events and hooks, and everything that runs it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, overload

from dependency_injector import providers
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import Session

from ..adapters.asgi.path import unescape
from ..adapters.litestar.app import build_app
from ..application.dialogue import SYSTEM, RoomHandle
from ..application.feed.listeners import EventKind, Handler
from ..application.sessions.notice import RoomInfo
from ..domain.errors import ConfigurationError
from ..domain.event import Event
from ..domain.event_definition import Data, EventDefinition
from ..domain.ports.room_store import StoredRoom
from .app_config import AppConfig
from .container import Container
from .container.part import seal
from .container.storage import POSTGRESQL
from .handlers import Handlers
from .in_force import is_bus_deaf, storage_in_force
from .settings.settings import Settings, load_settings
from .version import __version__

WEB = Path(__file__).parent / "web"

# Starlette and Litestar have types of their own for these three, and neither takes the other's.
AsgiApp = Callable[[Any, Any, Any], Awaitable[None]]

AsyncTransaction = AsyncConnection | AsyncSession
Transaction = Connection | Session

logger = logging.getLogger("dialogue")


class DialogueApp:
    """An application: its configuration, its container, an ASGI app, and the calls for the developer's own code.

    Parts of `container` may be exchanged until the start. The application is itself an ASGI app, for any asyncio
    server; mounted into another app it needs that app to enter `lifespan`, which otherwise the server does.
    """

    def __init__(self, config: AppConfig, code_settings: Mapping[str, Any]) -> None:
        self._config = config
        self._code_settings = dict(code_settings)
        self._handlers = Handlers(config)
        self._is_entered = False
        self.container = Container(config=providers.Object(config))
        self.configure()

    def configure(self, **overrides: Any) -> Settings:
        """Set what the command line says, before the start. Raises ConfigurationError with what is wrong."""
        self._ensure_not_started("configure()")
        settings = load_settings(self._code_settings, overrides)
        self.container.settings.override(providers.Object(settings))
        self.__dict__.pop("asgi", None)  # it was built by the settings before
        return settings

    def ensure_serves(self, nodes: int) -> None:
        """Raise ConfigurationError where its storage cannot be shared by so many nodes."""
        storage = self.container.storage
        is_shared = storage().moves is not None if storage.overridden else self.container.storage_kind() == POSTGRESQL
        if nodes > 1 and not is_shared:
            where = storage_in_force(self.container)
            raise ConfigurationError(
                f"{nodes} workers need a storage that several nodes share, as postgresql://… is; here: {where}"
            )

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.container.settings()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection, or the lifespan, as ASGI has it: `uvicorn chat:dialogue`."""
        await self.asgi(scope, receive, send)

    @cached_property
    def asgi(self) -> AsgiApp:
        """The Litestar app behind it, built at first use."""
        return build_app(
            self.container.node,
            self._dependencies,
            version=__version__,
            max_frame=self.settings.max_frame,
            front=self.container.front_door,
            unescape=unescape,
            page=WEB,
            lifespan=self.lifespan,
        )

    @property
    def _dependencies(self) -> dict[str, Callable[[], object]]:
        container = self.container
        return {
            "authenticator": container.checked_authenticator,
            "rooms": container.list_rooms,
            "pages": container.pages,
            "publish": container.publish,
            "redact": container.redact,
            "readiness": container.readiness,
            "serve": container.serve,
            "listen": container.listen,
            "codec": container.codec,
            "sse_codec": container.sse_codec,
            "max_values": container.settings.provided.max_values,
            "max_out_frame": container.settings.provided.max_out_frame,
        }

    @asynccontextmanager
    async def lifespan(self, _app: object = None) -> AsyncIterator[None]:
        """Run everything for as long as the context lasts: open and migrate the database, serve, stop cleanly.

        Give it to the host app that `asgi` is mounted in: `Starlette(lifespan=dialogue.lifespan)`,
        `Litestar(lifespan=[dialogue.lifespan])`. Raises ConfigurationError where the database cannot be used.
        """
        if self._is_entered:
            raise ConfigurationError("This Dialogue is already running: its lifespan was entered twice")
        self._is_entered = True
        self.container.reset_singletons()  # what was made before a part was exchanged has the old one
        seal(self.container, is_in_use=True)
        try:
            self.container.checked_authenticator()  # one that is none is told now, and not to the first client
            async with self.container.storage().running():
                self._handlers.install(self.container.listeners())
                self._say_what_is_in_force()
                await self.container.publish_within().tell_rules()
                async with self.container.node().run():
                    yield
        finally:
            self._is_entered = False
            seal(self.container, is_in_use=False)
            self.container.reset_singletons()

    async def drain(self) -> None:
        """Take no more events, and return when every client has its answers and its close (1001)."""
        await self.container.node().drain()

    @overload
    def on(self, room_id: str, event: EventDefinition[Data], handler: Callable[[Event[Data]], object]) -> None: ...
    @overload
    def on(self, room_id: str, event: str | None, handler: Callable[[Event], object]) -> None: ...
    def on(self, room_id: str, event: EventKind, handler: Handler) -> None:
        """Call `handler(event)`, async or not, for each event of that kind (None: any) in the room, after it was kept.

        Given by its definition, events have `data` as its schema reads it. To be called before the start, for a room
        of the configuration. Raises ConfigurationError where there is no such room, where it has no such event, and
        where the handler is no function of one argument.

        Where several nodes serve one database, the one that has kept the event calls its handler, and no other; what
        was published `within` a transaction of the application's own calls none.
        """
        self._ensure_not_started("on()")
        self._handlers.on(room_id, event, handler)

    @overload
    def on_runtime_rooms(self, event: EventDefinition[Data], handler: Callable[[Event[Data]], object]) -> None: ...
    @overload
    def on_runtime_rooms(self, event: str | None, handler: Callable[[Event], object]) -> None: ...
    def on_runtime_rooms(self, event: EventKind, handler: Handler) -> None:
        """As `on`, for every room made at run time, those included that will be made; `event.room_id` says which."""
        self._ensure_not_started("on_runtime_rooms()")
        self._handlers.on_runtime_rooms(event, handler)

    @overload
    async def trigger(
        self,
        room_id: str,
        event: EventDefinition[Data],
        data: Data | Mapping[str, object],
        *,
        sender: str,
        meta: Mapping[str, object] | None = None,
        key: str | None = None,
        within: AsyncTransaction | None = None,
    ) -> Event[Data]: ...
    @overload
    async def trigger(
        self,
        room_id: str,
        event: str,
        data: object,
        *,
        sender: str,
        meta: Mapping[str, object] | None = None,
        key: str | None = None,
        within: AsyncTransaction | None = None,
    ) -> Event: ...
    async def trigger(
        self,
        room_id: str,
        event: EventDefinition[Any] | str,
        data: Any,
        *,
        sender: str,
        meta: Mapping[str, object] | None = None,
        key: str | None = None,
        within: AsyncTransaction | None = None,
    ) -> Event[Any]:
        """Publish an event and wait until it is kept; give it back with its `seq` and `timestamp_ms`.

        With `within`, an AsyncConnection or AsyncSession of SQLAlchemy to the same PostgreSQL database, it is kept in
        that transaction: it is seen when the application commits, and leaves no hole where it rolls back. No limit runs
        then, no handler is called, and no node has to run in this process. Raises Forbidden and TransactionConflict,
        too.

        `data` is an instance of the event's schema, or a mapping that makes one. With a `key` (1 to 64 characters, the
        sender's own) the event is kept once however often this is called; the first one is given back. Raises
        RoomNotFound, EventNotAllowed, InvalidEvent, InvalidRequest (a key that was used for another event), and
        Unavailable, which means: not kept, and never will be.
        """
        if within is None:
            return await self.room(room_id).trigger(event, data, sender=sender, meta=meta, key=key)
        publish = self.container.publish_within()
        return await publish(room_id, event, data, sender=sender, meta=meta, key=key, within=within)

    @overload
    def publish_within(
        self,
        connection: Transaction,
        room_id: str,
        event: EventDefinition[Data],
        data: Data | Mapping[str, object],
        *,
        sender: str,
        meta: Mapping[str, object] | None = None,
        key: str | None = None,
    ) -> Event[Data]: ...
    @overload
    def publish_within(
        self,
        connection: Transaction,
        room_id: str,
        event: str,
        data: object,
        *,
        sender: str,
        meta: Mapping[str, object] | None = None,
        key: str | None = None,
    ) -> Event: ...
    def publish_within(
        self,
        connection: Transaction,
        room_id: str,
        event: EventDefinition[Any] | str,
        data: Any,
        *,
        sender: str,
        meta: Mapping[str, object] | None = None,
        key: str | None = None,
    ) -> Event[Any]:
        """As `trigger` with `within`, for code that is not asynchronous.

        `connection` is a Connection or Session of SQLAlchemy, with any driver, to the same PostgreSQL database.
        """
        publish = self.container.publish_within()
        return publish.sync(room_id, event, data, sender=sender, meta=meta, key=key, within=connection)

    async def redact(self, room_id: str, seq: int, *, by: str = SYSTEM) -> None:
        """Blank the event at `seq` for good, in the archive, in memory and at every member; `by` is told to them.

        Its place stays. Doing so twice is fine. Raises RoomNotFound, PositionUnknown where there is no such event (any
        more), and Unavailable.
        """
        await self.room(room_id).redact(seq, by=by)

    async def erase(
        self, user_id: str, *, by: str = SYSTEM, progress: Callable[[int, int], object] | None = None
    ) -> int:
        """Erase a user's data: blank every event that the user has sent, in every room, and forget who sent it.

        Works in bites, beside everything else; `progress(scanned, total)` is called after each. Gives back how many
        events were blanked. Interrupted, call it again. Raises Unavailable.
        """
        return await self.container.dialogue().erase(user_id, by=by, progress=progress)

    def room(self, room_id: str) -> RoomHandle:
        """A handle of a room: `history(event, start, end)`, `trigger`, `info`, `position`."""
        return RoomHandle(self.container.dialogue, room_id)

    async def create_room(
        self,
        room_id: str,
        name: str,
        *,
        description: str | None = None,
        max_size: int | None = None,
        event_names: Iterable[str] | None = None,
        created_by_id: str | None = None,
    ) -> RoomInfo:
        """Make a room at run time; `event_names` are some of those that `runtime_rooms` offers (None: all).

        Raises InvalidRequest with each argument that is wrong, Forbidden, RoomExists, EventNotAllowed and Unavailable.
        """
        names: Any = event_names
        if isinstance(event_names, Iterable) and not isinstance(event_names, str):
            names = tuple(event_names)
        room = StoredRoom(
            id=room_id,
            name=name,
            description=description,
            max_size=max_size,
            event_names=names,
            created_by_id=created_by_id,
        )
        return await self.container.dialogue().create_room(room)

    async def delete_room(self, room_id: str) -> None:
        """Delete a room made at run time, and its history. Raises RoomNotFound, Forbidden and Unavailable."""
        await self.container.dialogue().delete_room(room_id)

    def _ensure_not_started(self, call: str) -> None:
        if self._is_entered:
            raise ConfigurationError(f"{call} must be called before the start")

    def _say_what_is_in_force(self) -> None:
        logger.info("%s", storage_in_force(self.container))
        if is_bus_deaf(self.container):
            logger.warning(
                "the database is behind a proxy that pools transactions, through which a bus hears nothing: "
                "give it a direct address, as in --bus postgresql://…"
            )
        if self.container.checked_authenticator().trusts_clients:
            logger.warning("clients are believed to be who they say they are: for development only")
