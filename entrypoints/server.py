"""Running an application: on the default server, or as a factory for others."""

from __future__ import annotations

import socket
from collections.abc import Callable

from ..adapters.uvicorn.server import DialogueServer, server_config
from .chat import create_chat
from .dialogue_app import AsgiApp, DialogueApp


def create_app() -> AsgiApp:
    """The bundled chat as an ASGI app: `uvicorn dialogue.entrypoints.server:create_app --factory`."""
    return create_chat().asgi


async def serve(app: DialogueApp, listener: socket.socket, on_started: Callable[[], None]) -> None:
    """Run `app` on `listener` until the process is asked to stop; `on_started` is called once it can serve.

    Raises ConfigurationError where it cannot start.
    """
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
