"""The outgoing half of a WebSocket on uvicorn, without ASGI in between."""

from __future__ import annotations

from struct import pack
from typing import TYPE_CHECKING

from ...application.sessions.frame import Frame
from .cut import cut
from .frame_cutter import FINAL_TEXT
from .gathered_writes import write_or_end

if TYPE_CHECKING:
    from .websocket_protocol import WebSocketProtocol

AT_ONCE = 65_536
"""So many bytes are not kept until the turn ends, but written: as many as a server's own transport takes."""


class WebSocketTransport:
    """See `Transport`: takes frames while the client reads, and writes those of one turn of the loop together.

    The WebSocket's form of a frame is made once, and kept on the frame for all connections that it goes to.
    """

    def __init__(self, protocol: WebSocketProtocol) -> None:
        self._protocol = protocol
        self._gathered: list[bytes] = []
        self._size = 0
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
            is_one = frame.separator is None
            prepared = text_frame(frame.data) if is_one else b"".join(map(text_frame, frame.messages))
            frame.prepared = prepared
        if not self._gathered:
            protocol.config.gathered_writes.add(self.flush)
        self._gathered.append(prepared)
        self._size += len(prepared)
        if self._size >= AT_ONCE:
            self.flush()
        return True

    def flush(self) -> None:
        """Write what was gathered; whoever writes a close frame calls this first."""
        if not self._gathered:
            return
        gathered, self._gathered, self._size = self._gathered, [], 0
        write_or_end(self._protocol.transport, gathered[0] if len(gathered) == 1 else b"".join(gathered))

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


def text_frame(payload: bytes) -> bytes:
    """A text, which is given in UTF-8, as one unmasked frame."""
    size = len(payload)
    if size < 126:
        return pack("!BB", FINAL_TEXT, size) + payload
    if size < 1 << 16:
        return pack("!BBH", FINAL_TEXT, 126, size) + payload
    return pack("!BBQ", FINAL_TEXT, 127, size) + payload
