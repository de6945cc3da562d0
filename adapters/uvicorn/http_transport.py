"""The outgoing half of a streamed HTTP answer on uvicorn, without ASGI in between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...application.sessions.frame import Frame
from .exchange import Exchange

if TYPE_CHECKING:
    from .http_protocol import HttpProtocol

FAREWELL_S = 10.0


class HttpTransport:
    """See `Transport`: takes frames while the client reads. The answer's head was sent before, as ASGI has it.

    The chunk that a frame becomes is made once, and kept on the frame for all connections that it goes to.
    """

    def __init__(self, exchange: Exchange, protocol: HttpProtocol) -> None:
        self._exchange = exchange
        self._protocol = protocol

    def write(self, frame: Frame) -> bool:
        """See `Transport.write`."""
        exchange, protocol = self._exchange, self._protocol
        assert exchange.is_begun, "a frame goes behind the head of the answer"
        if exchange.is_answered or exchange.is_disconnected or protocol.transport.is_closing():
            return True
        if not protocol.writable.is_set():
            return False
        if not exchange.is_chunked:
            exchange.go_on(frame.data)
            return True
        prepared = frame.prepared
        if prepared is None:
            prepared = frame.prepared = b"%x\r\n%b\r\n" % (len(frame.data), frame.data)
        exchange.write(prepared)
        return True

    async def drained(self) -> None:
        """See `Transport.drained`."""
        await self._protocol.writable.wait()

    def close(self, code: int, reason: str) -> None:  # noqa: ARG002
        """See `Transport.close`: the answer ends, and the connection with it; HTTP has no code for that."""
        if not self._exchange.is_answered and not self._exchange.is_disconnected:
            self._exchange.must_close = True
            self._exchange.end()
            self._protocol.cut(within_s=FAREWELL_S)

    def abort(self) -> None:
        """See `Transport.abort`; where the protocol itself is ending, its client still has the time to read why."""
        if not self._protocol.is_ending:
            self._protocol.cut()
