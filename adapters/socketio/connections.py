"""All clients of Engine.IO's on this node."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Mapping
from secrets import token_urlsafe
from typing import Any

from anyio import create_task_group, move_on_after

from ...application.ports.peer import Peer
from ...application.sessions.serve_session import ServeSession
from ...domain.errors import RateLimited
from .codec import SocketIoCodec
from .connection import Connection
from .kept_sessions import KeptSession, KeptSessions
from .limits import SocketIoLimits

END_PATIENCE_S = 5.0
"""How long a client that comes back waits for the end of the connection that it lost."""

logger = logging.getLogger("dialogue.socketio")


class Connections:
    """Opens connections, serves each in a task of its own, and knows them by the names that their clients have.

    A client that polls has no connection of the server's that could hold its session, so all sessions run here, for as
    long as the node does. `origin` begins each session id: a worker can say of one that it is another worker's.
    """

    def __init__(
        self, serve: ServeSession, codec: SocketIoCodec, plain_codec: SocketIoCodec, limits: SocketIoLimits, origin: str
    ) -> None:
        self.limits = limits
        self._serve = serve
        self._codec = codec
        self._plain_codec = plain_codec
        self._origin = origin
        self._by_sid: dict[str, Connection] = {}
        self._by_pid: dict[str, Connection] = {}
        self._handshakes: dict[Connection, None] = {}
        self._of_addresses: Counter[str | None] = Counter()
        self._kept = KeptSessions(limits.max_kept_sessions, limits.keep_session_s)
        self._opened: deque[Connection] = deque()
        self._has_opened = asyncio.Event()
        self._is_running = False

    @property
    def is_full(self) -> bool:
        """Whether so many clients have not said who they are that there is no place for another."""
        return not self._is_running or len(self._handshakes) >= self.limits.max_handshakes

    def has_enough(self, peer: Peer) -> bool:
        """Whether so many connections are open from that address that there is no place for another."""
        return self._of_addresses[peer.counted_as] >= self.limits.max_connections_per_address

    def turned_away(self) -> None:
        """Count a client for whom there is no place."""
        self._serve.hub.metrics.refused(RateLimited.code)

    def open(self, scope: Mapping[str, Any], *, counts: bool) -> Connection:
        """A new connection, which is served from now on; with `counts` its client can recover its session."""
        codec = self._codec if counts and self.limits.keep_session_s else self._plain_codec
        connection = Connection(f"{self._origin}-{token_urlsafe(15)}", scope, codec, self.limits, self)
        self._handshakes[connection] = None
        if connection.peer.counted_as is not None:
            self._of_addresses[connection.peer.counted_as] += 1
        self._by_sid[connection.sid] = connection
        self._opened.append(connection)
        self._has_opened.set()
        return connection

    def find(self, sid: str) -> Connection | None:
        """The connection of that session id."""
        return self._by_sid.get(sid)

    def is_elsewhere(self, sid: str) -> bool:
        """Whether the session id was given by another worker, or an earlier run of this one."""
        return not sid.startswith(f"{self._origin}-")

    async def run(self) -> None:
        """See `Worker`. Tasks start here and not where a request came, whose deadline they would inherit."""
        self._is_running = True
        try:
            async with create_task_group() as tasks:
                while True:
                    while self._opened:
                        tasks.start_soon(self._run, self._opened.popleft())
                    self._has_opened.clear()
                    await self._has_opened.wait()
        finally:
            self._is_running = False

    async def _run(self, connection: Connection) -> None:
        try:
            async with create_task_group() as tasks:
                tasks.start_soon(connection.keep_alive)
                await self._serve(connection, connection.codec, connection.receive, connection.peer, connection.ending)
                tasks.cancel_scope.cancel()
        except Exception:
            logger.exception("a connection failed")
        finally:
            self._handshakes.pop(connection, None)
            self._let_go_of_address(connection.peer.counted_as)
            self._by_sid.pop(connection.sid, None)
            if connection.pid is not None and self._by_pid.get(connection.pid) is connection:
                del self._by_pid[connection.pid]
            connection.finish()

    def _let_go_of_address(self, address: str | None) -> None:
        if address is not None:
            self._of_addresses[address] -= 1
            if not self._of_addresses[address]:
                del self._of_addresses[address]

    # --- Host

    def admitted(self, connection: Connection) -> None:
        """See `Host`."""
        self._handshakes.pop(connection, None)

    async def earlier(self, pid: str, user_id: str) -> KeptSession | None:
        """See `Host`. A client often knows before the server that its connection is lost."""
        connection = self._by_pid.get(pid)
        if connection is not None and connection.user_id == user_id:
            connection.abort()
            with move_on_after(END_PATIENCE_S):
                await connection.ended.wait()
        return self._kept.take(pid, user_id)

    def keep(self, pid: str, session: KeptSession) -> None:
        """See `Host`."""
        self._kept.keep(pid, session)

    def known_as(self, connection: Connection, pid: str | None) -> str:
        """See `Host`."""
        pid = token_urlsafe(18) if pid is None else pid
        self._by_pid[pid] = connection
        return pid
