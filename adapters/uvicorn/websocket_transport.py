"""The outgoing half of a WebSocket on uvicorn, without ASGI in between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...application.sessions.frame import Frame
from .cut import cut
from .text_frame import text_frame

if TYPE_CHECKING:
    from .websocket_protocol import WebSocketProtocol


class WebSocketTransport:
    """See `Transport`: writes at once while the client reads.

    The WebSocket's form of a frame is made once, and kept on the frame for all connections that it goes to.
    """

    def __init__(self, protocol: WebSocketProtocol) -> None:
        self._protocol = protocol
        self.is_open = False

    def write(self, frame: Frame) -> bool:
        """See `Transport.write`."""
        protocol = self._protocol
        if not self.is_open or protocol.transport.is_closing():
            return True
        if not protocol.writable.is_set():
            return False
        prepared = frame.prepared
        if prepared is None:
            prepared = frame.prepared = text_frame(frame.data)
        protocol.transport.write(prepared)
        return True

    async def drained(self) -> None:
        """See `Transport.drained`."""
        await self._protocol.writable.wait()

    def close(self, code: int, reason: str) -> None:
        """See `Transport.close`."""
        self._protocol.close_now(code, reason)

    def abort(self) -> None:
        """See `Transport.abort`; where the protocol itself has closed, its client still has the time to read why."""
        self.is_open = False
        if not self._protocol.close_sent:
            cut(self._protocol.transport)
