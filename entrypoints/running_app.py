"""An application that is configured, built and run."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from dependency_injector import providers

from ..adapters.asgi.below_root import BelowRoot
from ..adapters.asgi.path import unescape
from ..adapters.litestar.app import build_app
from ..adapters.litestar.served import Served
from ..application.background import background_tasks
from ..application.feed.listeners import Listeners
from ..domain.errors import ConfigurationError
from .app_config import AppConfig
from .container import Container
from .container.part import seal
from .container.storage import POSTGRESQL
from .handlers import Handlers
from .in_force import is_bus_deaf, storage_in_force
from .settings.settings import Settings, load_settings
from .tracing import trace_services, traced
from .version import __version__

WEB = Path(__file__).parent / "web"

# Starlette and Litestar have types of their own for these three, and neither takes the other's.
AsgiApp = Callable[[Any, Any, Any], Awaitable[None]]

logger = logging.getLogger("dialogue")


class RunningApp:
    """What every application has: its settings, its container, its ASGI app, its start and its stop."""

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
        """Raise ConfigurationError where its storage cannot be shared by so many nodes, or it knows nobody."""
        self.container.checked_authenticator()  # told once, and not by each of the nodes
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
            self.container.metrics,
            version=__version__,
            max_frame=self.settings.max_frame,
            front=self._front,
            unescape=unescape,
            served=Served(
                web=WEB,
                page=self.settings.serve_page,
                schema=self.settings.serve_schema,
                metrics=self.settings.serve_metrics,
            ),
            lifespan=self.lifespan,
        )

    def _front(self, app: AsgiApp) -> AsgiApp:
        inner = self.container.beside_socketio(app) if self.settings.socketio else app
        front: AsgiApp = self.container.front_door(inner)
        below: AsgiApp = BelowRoot(front, self.settings.root_path) if self.settings.root_path else front
        return traced(below, self.settings)

    @property
    def _dependencies(self) -> dict[str, Callable[[], object]]:
        container = self.container
        return {
            "authenticator": container.checked_authenticator,
            "access": container.access,
            "administer": container.administer,
            "limits": container.client_limits,
            "rooms": container.list_rooms,
            "pages": container.pages,
            "publish": container.publish,
            "redact": container.redact,
            "readiness": container.readiness,
            "scrape": container.scrape,
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
        try:
            self._config.hooks.ensure_whole()
            trace_services(self.container, self.settings)
            seal(self.container, is_in_use=True)
            self.container.checked_authenticator()  # one that is none is told now, and not to the first client
            async with self.container.storage().running():
                self._handlers.install(self.container.listeners())
                self._install_hooks(self.container.listeners())
                self._say_what_is_in_force()
                await self.container.publish_within().tell_rules()
                async with background_tasks() as ways_in, self.container.node().run():
                    ways_in.start_soon(self.container.connections().run)
                    yield
        finally:
            self._is_entered = False
            seal(self.container, is_in_use=False)
            self.container.reset_singletons()

    async def drain(self) -> None:
        """Take no more events, and return when every client has its answers and its close (1001)."""
        await self.container.node().drain()

    def _install_hooks(self, listeners: Listeners) -> None:
        hooks = self._config.hooks
        if hooks.on_triggered is not None:
            listeners.on_every(hooks.on_triggered)
        if hooks.after_each is not None:
            listeners.after_each(hooks.after_each, self.container.hub().recipients)
        listeners.on_rooms({name: getattr(hooks, name) for name in ("on_room_created", "on_room_deleted")})

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
