"""uvicorn's wsproto WebSocket, bounded in what it parses at once, and closing as `protocol.md` says."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, cast

from uvicorn.protocols.websockets.wsproto_impl import WSProtocol
from wsproto import events
from wsproto.connection import ConnectionState
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from ...application.ports.transport import ARRIVED_AT, TRANSPORT
from ...application.sessions.frame import GOING_AWAY
from .cut import cut
from .frame_bounds import TOO_LARGE, FrameBoundExceeded, FrameBounds
from .frame_cutter import FrameCutter
from .heartbeat import Heartbeat
from .intake import BYTES_A_TURN, Intake
from .message_buffer import MessageBuffer
from .progress import Progress
from .server_config import ServerConfig
from .websocket_transport import WebSocketTransport

if TYPE_CHECKING:
    from uvicorn._types import ASGISendEvent, WebSocketEvent

FRAMES_A_TURN = 64
MESSAGES_AHEAD = 8
FAREWELL_S = 10.0
LAST_FAREWELL_S = 2.0
HEARTBEAT_LOST = 4408


class WebSocketProtocol(WSProtocol):
    """This differs from uvicorn's own:

    - Frames are parsed in turns, and no more than a few messages ahead of the application; while that is so, nothing
      is read. Frames that come with the handshake wait for its answer; uvicorn would lose them.
    - A message has a bounded number of fragments, and a connection of pings and pongs a second.
    - A close goes out at once, also to a client that does not read, and the connection is cut where the client has not
      answered within ten seconds; when the server stops, within two.
    - A missing pong closes with 4408; time in which nothing was read does not count. A client that takes nothing of
      what waits for it is cut.
    - After a message that is too large the rest is read and dropped, so that the client gets 1009, and no reset.
    - What is no frame is answered with its close (1002, 1007), and what comes behind it is dropped.
    - A client that sends pings and reads no pongs gets one for its newest when it reads again.
    - Headers that wsproto cannot read are a 400.
    - The application finds the connection's transport in the scope, and writes through it without ASGI.
    """

    config: ServerConfig
    intake: Intake

    is_asked = False
    is_parsed = True
    waiting_ping: events.Ping | None = None
    messages_ahead = 0

    # --- asyncio

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin."""
        super().connection_made(transport)
        self.intake = Intake(self.config.turns, transport, self.parse)
        self.frames = FrameCutter(self.intake, self.config.ws_max_size)
        self.message = MessageBuffer(self.config.ws_max_size)
        self.bounds = FrameBounds()
        self.heartbeat = Heartbeat(self.loop, self.intake)
        self.outgoing = WebSocketTransport(self)
        self.progress = Progress(self.loop, transport, self.config.client_timeout_s)

    def data_received(self, data: bytes) -> None:
        """Take bytes."""
        self.intake.feed(data)

    def pause_writing(self) -> None:
        """Write no more: the client has some time to read."""
        super().pause_writing()
        self.progress.expect()

    def resume_writing(self) -> None:
        """Go on writing: the client has read."""
        super().resume_writing()
        self.progress.stop()
        ping, self.waiting_ping = self.waiting_ping, None
        if ping is not None and self.conn.state is ConnectionState.OPEN:
            self.handle_ping(ping)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self.outgoing.is_open = False
        self.progress.stop()
        super().connection_lost(exc)

    # --- Parsing, one turn at a time

    def parse(self) -> None:
        """Parse one turn's worth."""
        if self.waits_for_application:
            self.intake.pause()
            return
        try:
            self.is_parsed = self.parse_turn()
        except FrameBoundExceeded as error:
            self.end_unread(error.code, error.reason, FAREWELL_S)
        except (RemoteProtocolError, UnicodeError) as error:
            self.refuse(getattr(error, "event_hint", None) or events.RejectConnection(status_code=400))
        except LocalProtocolError:
            self.transport.close()  # what came behind the answer to a close
        else:
            self.read_on()

    @property
    def waits_for_application(self) -> bool:
        """Whether the application has enough, or has not said yet whether it takes the connection."""
        if not self.handshake_complete:
            return self.is_asked
        return self.messages_ahead >= MESSAGES_AHEAD and not self.close_sent

    def parse_turn(self) -> bool:
        """Parse up to a turn's worth; whether the parser has nothing left of what it was given."""
        if not self.is_parsed:
            return self.parse_frames()
        if not self.handshake_complete or self.close_sent:
            if self.intake:
                self.conn.receive_data(self.intake.take())
            return self.parse_frames()
        rest = len(self.intake) - BYTES_A_TURN
        for _ in range(FRAMES_A_TURN):
            taken = self.frames.take()
            if isinstance(taken, str):
                self.handle_text(taken)
            elif not taken:
                break
            else:
                self.conn.receive_data(taken)
                if not self.parse_frames():
                    return False
            if self.waits_for_application or self.close_sent or len(self.intake) <= rest:
                break
        return True

    def parse_frames(self) -> bool:
        """Handle what the parser has, up to a turn's worth; whether that was all."""
        left = FRAMES_A_TURN
        for event in self.conn.events():
            self.handle_event(event)
            left -= 1
            if left == 0 or self.waits_for_application:
                return False
        return True

    def read_on(self) -> None:
        """Decide what comes behind a turn: the application, the others, or the next bytes."""
        if self.is_parsed and len(self.intake) < self.frames.needed:
            self.intake.resume()
        elif self.waits_for_application:
            self.intake.pause()
        else:
            self.intake.next_turn()

    def handle_event(self, event: events.Event) -> None:
        """Take one thing that was parsed; behind our close nothing but the client's counts."""
        if isinstance(event, events.CloseConnection):
            self.handle_close(event)
        elif isinstance(event, (events.Ping, events.Pong)):
            self.bounds.count_control_frame(self.loop.time())
            if not self.close_sent:
                self.handle_ping(event) if isinstance(event, events.Ping) else self.handle_pong(event)
        elif isinstance(event, (events.TextMessage, events.BytesMessage)):
            if event.frame_finished:
                self.bounds.count_data_frame(is_last=event.message_finished)
            if not self.close_sent:
                self.handle_message(event)
        elif isinstance(event, events.Request):
            self.is_asked = True
            self.handle_connect(event)

    def handle_connect(self, event: events.Request) -> None:
        """Hand the connection to the application, with the transport that it may write through."""
        self.app_state = {**self.app_state, TRANSPORT: self.outgoing}
        super().handle_connect(event)

    def handle_message(self, event: events.TextMessage | events.BytesMessage) -> None:
        """Take a part of a message."""
        if not self.message.extend(event):
            self.close_now(TOO_LARGE, f"a frame may have at most {self.config.ws_max_size} bytes")
        elif event.message_finished:
            self.messages_ahead += 1
            self.queue.put_nowait(cast("WebSocketEvent", {**self.message.take(), ARRIVED_AT: monotonic()}))

    def handle_text(self, text: str) -> None:
        """Take a message that came in one frame."""
        self.messages_ahead += 1
        self.queue.put_nowait(
            cast("WebSocketEvent", {"type": "websocket.receive", "text": text, ARRIVED_AT: monotonic()})
        )

    def handle_close(self, event: events.CloseConnection) -> None:
        """Take the client's close; while the connection is still open it is wsproto's own: what came is no frame."""
        if self.conn.state is ConnectionState.OPEN:
            # The client's answer could not be read either, so the end is told by the transport.
            self.end_unread(event.code, event.reason or "")
            return
        if not self.close_sent:
            self.close_sent = True
            self.outgoing.is_open = False
            self.stop_keepalive()
            self.outgoing.flush()
            self.transport.write(self.conn.send(event.response()))
            self.queue.put_nowait({"type": "websocket.disconnect", "code": event.code, "reason": event.reason})
        self.hang_up()

    def handle_ping(self, event: events.Ping) -> None:
        """Answer a ping; where the client does not read, the newest alone (RFC 6455, 5.5.3)."""
        if self.writable.is_set():
            super().handle_ping(event)
        else:
            self.waiting_ping = event

    # --- ASGI

    async def receive(self) -> WebSocketEvent:
        """As ASGI has it."""
        message = await self.queue.get()
        if message["type"] == "websocket.receive":
            self.messages_ahead -= 1
            if self.messages_ahead == 0:
                self.intake.go_on()
        return message

    async def send(self, message: ASGISendEvent) -> None:
        """As ASGI has it."""
        if message["type"] == "websocket.close" and self.handshake_complete and not self.response_started:
            self.close_now(message.get("code", 1000), message.get("reason") or "")
            return
        await super().send(message)
        if message["type"] == "websocket.accept":
            self.outgoing.is_open = not self.disconnected
            self.read_on()

    # --- The end

    def close_now(self, code: int, reason: str, farewell_s: float = FAREWELL_S) -> None:
        """Write the close frame behind what is already written, and give the client some seconds to answer it."""
        if self.close_sent or self.disconnected:
            return
        self.close_sent = True
        self.outgoing.is_open = False
        self.stop_keepalive()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        if self.transport.is_closing():
            return
        self.outgoing.flush()
        self.transport.write(self.conn.send(events.CloseConnection(code=code, reason=reason)))
        self.read_on()
        self.cut_in(farewell_s)

    def end_unread(self, code: int, reason: str, farewell_s: float = LAST_FAREWELL_S) -> None:
        """Close, and read nothing more of what comes, not even the client's answer."""
        self.close_now(code, reason, farewell_s)
        self.intake.drop()
        if not self.transport.is_closing() and self.transport.can_write_eof():
            self.transport.write_eof()

    def refuse(self, answer: events.RejectConnection) -> None:
        """Refuse a handshake that is none."""
        self.transport.write(self.conn.send(answer))
        self.hang_up()

    def hang_up(self) -> None:
        """End the connection behind what is written, for which the client has some seconds."""
        self.transport.close()
        self.cut_in(LAST_FAREWELL_S)

    def cut_in(self, seconds: float) -> None:
        """End the connection then, whatever is still to be written; once it has ended, this is forgotten."""
        if self.close_timer is not None:
            self.close_timer.cancel()
        if not self.disconnected:
            self.close_timer = self.loop.call_later(seconds, cut, self.transport)

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        """The application is done with the connection."""
        super().on_task_complete(task)
        if self.close_timer is None:
            self.cut_in(LAST_FAREWELL_S)

    def shutdown(self) -> None:
        """End the connection, as the server stops."""
        if not self.handshake_complete and not self.transport.is_closing():
            self.send_500_response()
            self.transport.close()
        self.close_now(GOING_AWAY.code, GOING_AWAY.reason)
        self.cut_in(LAST_FAREWELL_S)

    # --- The heartbeat

    def send_keepalive_ping(self) -> None:
        """Ask whether the client is there."""
        super().send_keepalive_ping()
        if self.pong_timer is not None:
            self.heartbeat.begin(cast(float, self.ping_timeout))

    def keepalive_timeout(self) -> None:
        """End a connection whose pong did not come, unless it could not have been read."""
        self.pong_timer = None
        more_s = self.heartbeat.more_s()
        if more_s > 0:
            self.pong_timer = self.loop.call_later(more_s, self.keepalive_timeout)
            return
        self.pending_ping_payload = None
        self.close_now(HEARTBEAT_LOST, "no heartbeat answer")
