"""uvicorn's wsproto WebSocket, closing as `protocol.md` says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvicorn.protocols.websockets.wsproto_impl import FrameTooLargeError, WSProtocol
from wsproto import events
from wsproto.connection import ConnectionState

from .text_frame import text_frame

if TYPE_CHECKING:
    from uvicorn._types import ASGISendEvent

HEARTBEAT_LOST = 4408
FRAME_TOO_LARGE = 1009
FAREWELL_S = 10.0
LAST_FAREWELL_S = 2.0


class WebSocketProtocol(WSProtocol):
    """Eight things differ from uvicorn's own.

    A close goes out at once, also to a client that does not read (uvicorn would wait until it does), and the transport
    is cut where the client has not answered within ten seconds. A missing pong closes with 4408. And after a frame that
    is too large the rest is read and dropped, so that the client gets 1009 and not a reset connection. For the same
    reason a stop gives a client two seconds to answer the close that it was sent, and what it still sends is dropped.
    What is no frame is answered with its close (1002, 1007), where uvicorn would only hang up, and what comes behind it
    is dropped, where wsproto would gather it. A client that sends pings and reads no pongs gets one for its newest when
    it reads again; uvicorn would keep them all. Headers that wsproto cannot read are a 400, where uvicorn would log a
    fault and be silent. And a text that goes to many connections is made a frame once, where
    wsproto would do it again for each.
    """

    is_unreadable = False
    waiting_ping: events.Ping | None = None

    async def send(self, message: ASGISendEvent) -> None:
        """As ASGI has it."""
        if message["type"] == "websocket.close" and self.handshake_complete and not self.response_started:
            self.close_now(message.get("code", 1000), message.get("reason") or "")
            return
        text = message.get("text") if message["type"] == "websocket.send" else None
        if text is not None and not self.config.ws_per_message_deflate:
            await self.writable.wait()
            if self.conn.state is ConnectionState.OPEN and not self.disconnected:
                if not self.transport.is_closing():
                    self.transport.write(text_frame(text))
                return
        await super().send(message)

    def data_received(self, data: bytes) -> None:
        """Take bytes."""
        if self.is_unreadable:
            return
        try:
            super().data_received(data)
        except UnicodeError:
            self.is_unreadable = True
            self.transport.write(self.conn.send(events.RejectConnection(status_code=400)))
            self.transport.close()

    def resume_writing(self) -> None:
        """Go on writing: the client has read."""
        super().resume_writing()
        ping, self.waiting_ping = self.waiting_ping, None
        if ping is not None and self.conn.state is ConnectionState.OPEN:
            self.handle_ping(ping)

    def close_now(self, code: int, reason: str, farewell_s: float = FAREWELL_S) -> None:
        """Write the close frame behind what is already written, and give the client some seconds to answer it."""
        if self.close_sent or self.disconnected:
            return
        self.close_sent = True
        self.stop_keepalive()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        if self.transport.is_closing():
            return
        self.transport.write(self.conn.send(events.CloseConnection(code=code, reason=reason)))
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(farewell_s, self.transport.abort)

    def shutdown(self) -> None:
        """End the connection, as the server stops."""
        if not self.close_sent or self.close_timer is None:
            super().shutdown()
            return
        self.close_timer.cancel()
        self.close_timer = self.loop.call_later(LAST_FAREWELL_S, self.transport.abort)

    def handle_message(self, event: events.TextMessage | events.BytesMessage) -> None:
        """Take a part of a message."""
        try:
            self.buffer.extend(event)
        except FrameTooLargeError:
            self.buffer.clear()
            self.close_now(FRAME_TOO_LARGE, f"a frame may have at most {self.config.ws_max_size} bytes")
            return
        if event.message_finished:
            self.queue.put_nowait(self.buffer.to_message())
            self.buffer.clear()
            if not self.read_paused:
                self.read_paused = True
                self.transport.pause_reading()

    def handle_close(self, event: events.CloseConnection) -> None:
        """Take the client's close; while the connection is still open it is wsproto's own: what came is no frame."""
        if self.conn.state is not ConnectionState.OPEN:
            super().handle_close(event)
            return
        self.is_unreadable = True
        self.close_now(event.code, event.reason or "", LAST_FAREWELL_S)
        # The client's answer could not be read either, so the end is told by the transport.
        if not self.transport.is_closing() and self.transport.can_write_eof():
            self.transport.write_eof()

    def handle_ping(self, event: events.Ping) -> None:
        """Answer a ping; where the client does not read, the newest alone (RFC 6455, 5.5.3)."""
        if self.writable.is_set():
            super().handle_ping(event)
        else:
            self.waiting_ping = event

    def keepalive_timeout(self) -> None:
        """End a connection whose pong did not come."""
        self.pong_timer = None
        self.pending_ping_payload = None
        self.close_now(HEARTBEAT_LOST, "no heartbeat answer")
