"""uvicorn's server, stopping in the order that keeps every promise."""

from __future__ import annotations

import gc
import logging
import signal
import socket
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any

from anyio import move_on_after
from uvicorn import Server

from .acceptor import Acceptor
from .http_protocol import HttpProtocol
from .server_config import CLIENT_TIMEOUT_S, ServerConfig
from .websocket_protocol import LAST_FAREWELL_S, WebSocketProtocol

# Longer than proxies keep theirs (nginx: 60 s): who closes first must not be the one that a request is being sent to.
KEEP_ALIVE_S = 75
AFTER_FAREWELL_S = round(LAST_FAREWELL_S) + 1
"""How long uvicorn waits for connections and the application at the end of a stop: those left are cut before."""

logger = logging.getLogger("dialogue.server")


class DialogueServer(Server):
    """On SIGTERM or Ctrl-C: accept nothing new, let the application finish (`drain`), then do as uvicorn does.

    uvicorn alone would close every socket with 1012 before the application hears of it. A second Ctrl-C stops at once.
    The process then ends with 0: being asked to stop is no failure.
    """

    config: ServerConfig

    def __init__(self, config: ServerConfig, drain: Callable[[], Awaitable[None]], drain_timeout_s: float) -> None:
        super().__init__(config)
        self._drain = drain
        self._drain_timeout_s = drain_timeout_s

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Take a signal."""
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to accept on these sockets, which are bound."""
        # What was loaded until now stays for good. Each full collection walked through it again (more than a hundred
        # thousand objects), and stopped every client for a tenth of a second.
        gc.collect()
        gc.freeze()
        await super().startup([])  # without sockets it makes no servers of its own
        self.servers = [Acceptor(each, self.config.backlog, self._new_protocol) for each in sockets or ()]  # type: ignore[misc]

    def _new_protocol(self) -> HttpProtocol:
        return HttpProtocol(self.config, self.server_state, self.lifespan.state)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop."""
        for server in self.servers:
            server.close()
        with move_on_after(max(self._drain_timeout_s - LAST_FAREWELL_S, self._drain_timeout_s / 2)) as scope:
            await self._drain()
        if scope.cancelled_caught:
            logger.warning("some clients did not take their close in time, and are cut off")
        await super().shutdown(sockets)


def server_config(
    app: Any,
    *,
    max_frame: int,
    heartbeat_s: float,
    heartbeat_timeout_s: float,
    client_timeout_s: float = CLIENT_TIMEOUT_S,
) -> ServerConfig:
    """uvicorn's settings for `app`; whoever runs it has entered the app's lifespan already."""
    return ServerConfig(
        app,
        client_timeout_s=client_timeout_s,
        http=HttpProtocol,
        ws=WebSocketProtocol,
        ws_max_size=max_frame,
        ws_ping_interval=heartbeat_s,
        ws_ping_timeout=heartbeat_timeout_s,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=AFTER_FAREWELL_S,
    )
