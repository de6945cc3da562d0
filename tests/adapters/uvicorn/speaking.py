"""A connection without a socket: what was written to it, and whether it is being read."""

from __future__ import annotations

import asyncio
from typing import Any

import anyio
from uvicorn.server import ServerState

from dialogue.adapters.uvicorn.http_protocol import HttpProtocol
from dialogue.adapters.uvicorn.server import server_config
from dialogue.adapters.uvicorn.server_config import ServerConfig

HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Line(asyncio.Transport):
    """The server's end of a connection, as its protocol sees it; `speak` is what the client sends."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.is_reading_now = True
        self.has_eof = False
        self.is_ended = False
        self.unsent = 0
        self._protocol: Any = None

    def speak(self, data: bytes) -> None:
        """The client's bytes arrive in one piece."""
        assert self.is_reading_now, "nothing is read"
        self._protocol.data_received(data)

    def take(self) -> bytes:
        """What was written since this was last asked."""
        written, self.written = self.written, b""
        return written

    def write(self, data: Any) -> None:
        """Keep it."""
        assert not self.is_ended, "written behind the end"
        self.written += bytes(data)

    def get_write_buffer_size(self) -> int:
        """What the client has not taken."""
        return self.unsent

    def pause_reading(self) -> None:
        """Read no more."""
        self.is_reading_now = False

    def resume_reading(self) -> None:
        """Read on."""
        self.is_reading_now = True

    def can_write_eof(self) -> bool:
        """As a TCP socket."""
        return True

    def write_eof(self) -> None:
        """Tell that no more is written."""
        self.has_eof = True

    def is_closing(self) -> bool:
        """Whether it has ended."""
        return self.is_ended

    def close(self) -> None:
        """End, where all was taken."""
        if not self.unsent:
            self.abort()
        self.is_ended = True

    def abort(self) -> None:
        """End."""
        self.is_ended = True
        protocol, self._protocol = self._protocol, None
        if protocol is not None:
            asyncio.get_running_loop().call_soon(protocol.connection_lost, None)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Another protocol takes over."""
        self._protocol = protocol

    def get_protocol(self) -> Any:
        """Who takes over what arrives."""
        return self._protocol

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Nothing is known."""
        return default


def config_of(application: Any, **settings: Any) -> ServerConfig:
    """The configuration of a server for it."""
    config = server_config(
        application, **{"max_frame": 65_536, "heartbeat_s": 3_600, "heartbeat_timeout_s": 20, **settings}
    )
    config.load()
    return config


def line_to(application: Any, **settings: Any) -> Line:
    """A new connection to a server of that application."""
    return line_of(config_of(application, **settings))


def line_of(config: ServerConfig) -> Line:
    """A new connection to the server of that configuration, beside others."""
    line = Line()
    protocol = HttpProtocol(config, ServerState(), {})
    line.set_protocol(protocol)
    protocol.connection_made(line)
    return line


async def passes(count: int = 3) -> None:
    """Let the loop pass so often."""
    for _ in range(count):
        await anyio.lowlevel.checkpoint()
