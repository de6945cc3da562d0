"""Running an application: on the default server, or as a factory for others."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from ipaddress import ip_address

from anyio import create_task_group

from ..adapters.uvicorn.server import DialogueServer, server_config
from ..domain.errors import ConfigurationError, DialogueError
from .chat import create_chat
from .dialogue_app import DialogueApp
from .running_app import AsgiApp
from .worker import Link

SWITCH_INTERVAL_S = 0.000_5
"""After how long the loop lends the interpreter to a thread that keeps or reads events; Python's is ten times that."""


def create_app() -> AsgiApp:
    """The bundled chat as an ASGI app: `uvicorn dialogue.entrypoints.server:create_app --factory`."""
    return create_chat().asgi


async def serve(app: DialogueApp, listener: socket.socket, on_started: Callable[[], None]) -> None:
    """Run `app` on `listener` until the process is asked to stop; `on_started` is called once it can serve.

    Raises ConfigurationError where it cannot start.
    """
    _refuse_strangers(app, listener)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    settings = app.settings
    config = server_config(
        app.asgi,
        max_frame=settings.max_frame,
        heartbeat_s=settings.heartbeat_s,
        heartbeat_timeout_s=settings.heartbeat_timeout_s,
        client_timeout_s=settings.client_timeout_s,
    )
    async with app.lifespan():
        on_started()
        await DialogueServer(config, app.drain, settings.drain_timeout_s).serve(sockets=[listener])


async def serve_as_worker(app: DialogueApp, listener: socket.socket, link: Link) -> None:
    """As `serve`, for one of several processes: it tells who keeps them when it serves, and ends when they are gone."""
    failure: DialogueError | None = None
    async with create_task_group() as tasks:

        def started() -> None:
            scrape = app.container.scrape()
            scrape.sum_by(link.sum)
            link.say_started(scrape.own)

        tasks.start_soon(link.run)
        try:
            await serve(app, listener, started)
        except DialogueError as error:  # a task group would raise a group of it, which nobody tells in one line
            failure = error
        tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure


def _refuse_strangers(app: DialogueApp, listener: socket.socket) -> None:
    """Raise ConfigurationError where other machines could be whoever they say they are."""
    if listener.family == socket.AF_UNIX:
        return  # of this machine, and who may open it
    address = listener.getsockname()[0]
    if app.settings.trust_clients or not app.container.checked_authenticator().trusts_clients or is_loopback(address):
        return
    raise ConfigurationError(
        f"On {address} every client that can reach it would be believed to be who it says it is. Say --auth jwt "
        "or api-keys, --auth proxy behind a proxy that knows its users, listen on 127.0.0.1, or allow it with "
        "--trust-clients"
    )


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches `address`."""
    return ip_address(address.partition("%")[0]).is_loopback
