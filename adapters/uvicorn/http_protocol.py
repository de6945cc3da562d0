"""uvicorn's h11 HTTP, able to end a connection whose client does not read."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from .websocket_protocol import LAST_FAREWELL_S

CUT = "dialogue.cut"
"""The name under which the application finds, in the state of a request's scope, how to cut its connection."""


class HttpProtocol(H11Protocol):
    """Two things differ from uvicorn's own.

    The application can cut a connection: a stream whose client does not read can neither be sent an end nor be closed,
    since a close waits until all was sent that waits. And a stop cuts such a connection after two seconds.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, {**app_state, CUT: self.cut}, _loop)

    def cut(self) -> None:
        """End the connection now, whatever waits to be sent."""
        self.transport.abort()

    def shutdown(self) -> None:
        """End the connection, as the server stops."""
        super().shutdown()
        if self.flow.write_paused:
            self.loop.call_later(LAST_FAREWELL_S, self.cut)
