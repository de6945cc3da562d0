"""One client of Engine.IO's, whichever way it is on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, Protocol

from anyio import (
    BrokenResourceError,
    ClosedResourceError,
    EndOfStream,
    Event,
    create_memory_object_stream,
    move_on_after,
    sleep,
)

from ...application.ports.authenticator import claims_of
from ...application.ports.peer import peer_of
from ...application.ports.transport import Transport
from ...application.sessions.frame import Closing, Frame
from ...application.sessions.requests import Asked, Join
from ...application.sessions.session import Session
from ...domain.names import REDACTED
from .codec import SEPARATOR, SocketIoCodec
from .kept_sessions import KeptSession
from .limits import SocketIoLimits
from .packet_reader import Leaving, Nothing, PacketReader
from .polling_transport import PollingTransport
from .sent_log import Mark, MarkedFrame, Rest, SentLog

PACKETS_AHEAD = 8
"""So many packets wait for the session; as long as there are so many, no more is read."""

TOLERANCE_S = 0.05
"""How short a pause means nothing."""

PING = Frame(b"2")
DISCONNECT = Frame(b"41")
HEARTBEAT_LOST = Closing(4408, "no heartbeat answer")
TOO_LARGE = Closing(1009, "a packet may not be so large")

BANNED = 4403
MAX_REASON = 120
"""A close frame has room for 123 bytes of reason (RFC 6455, 5.5)."""


class Host(Protocol):
    """Where a connection's earlier and later ones are known."""

    def admitted(self, connection: Connection) -> None:
        """The client has said who it is."""
        ...

    async def earlier(self, pid: str, user_id: str) -> KeptSession | None:
        """The session of that name, which ends where it has not; None where there is none of that user."""
        ...

    def keep(self, pid: str, session: KeptSession) -> None:
        """Keep a session for its client, which may come back."""
        ...

    def known_as(self, connection: Connection, pid: str | None) -> str:
        """The name under which the connection can be found again: `pid`, or a new one."""
        ...


@dataclass(frozen=True, slots=True)
class _Said:
    text: str | None
    arrived_at: float


class Connection:
    """See `Transport`; and the client's requests, one after the other."""

    def __init__(
        self, sid: str, scope: Mapping[str, Any], codec: SocketIoCodec, limits: SocketIoLimits, host: Host
    ) -> None:
        self.sid = sid
        self.peer = peer_of(scope)
        self.codec = codec
        self.way: Transport = PollingTransport()
        self.is_posting = False
        self.is_polling = False
        self.is_upgrading = False
        self.ended = Event()
        self.user_id: str | None = None
        self.pid: str | None = None
        self._limits = limits
        self._host = host
        self._reader = PacketReader(self, lambda said: claims_of(scope, said), limits.session.max_values)
        self._log = SentLog()
        self._taken: KeptSession | None = None
        self._rest: Rest | None = None
        self._put, self._packets = create_memory_object_stream[_Said | Closing](PACKETS_AHEAD)
        self._blocked_since: float | None = None
        self._unread_s = 0.0
        self._pong = asyncio.Event()
        self._is_over = False
        self._has_left = False

    @property
    def polling(self) -> PollingTransport | None:
        """The way on which the client asks for what there is; None where it has a WebSocket."""
        return self.way if isinstance(self.way, PollingTransport) else None

    # --- Transport

    def write(self, frame: Frame) -> bool:
        """See `Transport.write`."""
        if frame.size and not self._is_over and not self.way.write(frame):
            return False
        if isinstance(frame, MarkedFrame):
            self._log.note(frame.marks)
        return True

    async def drained(self) -> None:
        """See `Transport.drained`."""
        way = self.way
        await way.drained()
        while way is not self.way:
            way = self.way
            await way.drained()

    def close(self, code: int, reason: str) -> None:
        """See `Transport.close`; a client that must not come back is told so."""
        last_words = [self.codec.farewell(Closing(code, reason))] if self.user_id is not None else []
        last_words += [DISCONNECT] if code == BANNED else []
        for frame in last_words:
            if self.polling is not None and self.polling.is_open:
                self.polling.put(frame.data)  # which has a place also for a client that is too slow
            else:
                self.way.write(frame)
        self.way.close(code, reason.encode()[:MAX_REASON].decode(errors="ignore"))

    def abort(self) -> None:
        """See `Transport.abort`."""
        self._is_over = True
        self.way.abort()
        self._put.close()

    def change_to(self, socket: Transport) -> None:
        """Go on over a WebSocket, behind what the client has not come for."""
        polling = self.polling
        assert polling is not None, "nobody changes twice"
        payload = polling.take()
        self.way = socket
        polling.abort()
        if payload:
            socket.write(Frame(payload, separator=SEPARATOR))

    # --- What comes in

    async def take(self, packet: str | None, arrived_at: float | None = None) -> None:
        """A packet of Engine.IO's, None for one of bytes; waits while the session has enough to do."""
        if packet is not None and self._is_too_large(packet):
            await self._hand_over(TOO_LARGE)
        elif packet == "3":
            self._pong.set()
        elif packet == "1":
            self.end()
        elif packet != "6":
            is_message = packet is not None and packet.startswith("4")
            text = packet[1:] if packet is not None and is_message else packet and ""
            await self._hand_over(_Said(text, monotonic() if arrived_at is None else arrived_at))

    def end(self) -> None:
        """The client has gone."""
        self._put.close()
        if self.polling is not None:
            self.polling.abort()

    def finish(self) -> None:
        """The session has ended, and hears nothing more."""
        self.abort()
        self._packets.close()
        self.ended.set()

    async def receive(self) -> Asked | Closing | None:
        """See `Receive`: what the client asks next."""
        while True:
            try:
                said = await self._packets.receive()
            except EndOfStream:
                return None
            if isinstance(said, Closing):
                return said
            asked = self._reader.read(said.text, said.arrived_at, self._earlier)
            if isinstance(asked, Asked):
                return asked
            if isinstance(asked, Leaving):
                self._has_left = True
                return None
            assert isinstance(asked, Nothing), "there is nothing else"

    def _is_too_large(self, packet: str) -> bool:
        limit = self._limits.session.max_frame
        return len(packet) > limit or (len(packet) * 4 > limit and len(packet.encode("utf-8", "replace")) > limit)

    async def _hand_over(self, said: _Said | Closing) -> None:
        self._blocked_since = monotonic()
        try:
            await self._put.send(said)
        except (ClosedResourceError, BrokenResourceError):
            pass  # it has ended meanwhile, and hears nothing more
        finally:
            self._unread_s += monotonic() - self._blocked_since
            self._blocked_since = None

    # --- Coming back

    def established(self, *, is_resumed: bool) -> tuple[str | None, list[Mark]]:
        """See `Established`."""
        if not self.codec.counts:
            return None, []
        if is_resumed and self._rest is not None:
            self._log = SentLog(self._reader.offset, self._rest.positions)
            self.pid = self._host.known_as(self, self._reader.pid)
            return self.pid, self._rest.again
        self.pid = self._host.known_as(self, None)
        return self.pid, []

    async def _earlier(self, user_id: str) -> Sequence[Join] | None:
        self.user_id = user_id
        self._host.admitted(self)
        if self._reader.pid is None or not self.codec.counts:
            return None
        kept = self._taken = await self._host.earlier(self._reader.pid, user_id)
        self._rest = None if kept is None else kept.log.rest(self._reader.offset)
        if kept is None or self._rest is None or not kept.rooms.keys() <= self._rest.positions.keys():
            return None
        positions = {room_id: self._rest.positions[room_id] for room_id in kept.rooms}
        return [Join(room_id, sorted(names - {REDACTED}), positions[room_id]) for room_id, names in kept.rooms.items()]

    def ending(self, session: Session) -> None:
        """See `Ending`: the session is kept where its client may come back for it."""
        closing = session.outbox.closing
        if self.pid is None and self._taken is not None and self._reader.pid is not None:
            self._host.keep(self._reader.pid, self._taken)  # it was about to go on with it
        if self.pid is None or self._has_left or (closing is not None and closing.code == BANNED):
            return
        for frame in session.outbox.unsent:
            if isinstance(frame, MarkedFrame):
                self._log.note(frame.marks)
        rooms = {room_id: membership.names for room_id, membership in session.memberships.items()}
        self._host.keep(self.pid, KeptSession(session.user_id, rooms, self._log))

    # --- The heartbeat

    async def keep_alive(self) -> None:
        """Ask the client again and again whether it is there, and end the connection where it does not answer in time.

        Time in which its answer could not have been read does not count.
        """
        while True:
            await sleep(self._limits.session.heartbeat_s)
            self._pong.clear()
            left_s = self._limits.heartbeat_timeout_s
            while left_s > TOLERANCE_S and not self._pong.is_set():
                unread_s, begun_at = self._unread(), monotonic()
                with move_on_after(left_s):
                    await self._ping()
                    await self._pong.wait()
                stood_still_s = max(0.0, monotonic() - begun_at - left_s - TOLERANCE_S)
                left_s = min(left_s, self._unread() - unread_s + stood_still_s)
            if not self._pong.is_set():
                self.close(HEARTBEAT_LOST.code, HEARTBEAT_LOST.reason)
                self.abort()
                return

    async def _ping(self) -> None:
        if self.polling is not None:
            self.polling.put(PING.data)
            return
        while not self.way.write(PING):
            await self.way.drained()

    def _unread(self) -> float:
        return self._unread_s + (0.0 if self._blocked_since is None else monotonic() - self._blocked_since)
