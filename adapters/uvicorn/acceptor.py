"""Accepting connections."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable

ACCEPTED_A_TURN = 16
PAUSE_S = 1.0

logger = logging.getLogger("dialogue.server")


class Acceptor:
    """Accepts a few connections in each pass of the loop, where the loops' own servers accept all that wait at once.

    It has what uvicorn asks of a server: `close` and `wait_closed`. Where the system has no more files to give, it
    accepts again after a second.
    """

    def __init__(self, listener: socket.socket, backlog: int, make_protocol: Callable[[], asyncio.Protocol]) -> None:
        self._listener = listener
        self._make_protocol = make_protocol
        self._loop = asyncio.get_running_loop()
        self._opening: set[asyncio.Task[object]] = set()
        self._is_closed = False
        listener.setblocking(False)
        listener.listen(backlog)
        self._begin()

    def close(self) -> None:
        """Accept nothing more; doing so twice is fine."""
        if not self._is_closed:
            self._is_closed = True
            self._loop.remove_reader(self._listener)

    async def wait_closed(self) -> None:
        """Wait until what was accepted has its protocol."""
        if self._opening:
            await asyncio.wait(self._opening)

    def _begin(self) -> None:
        if not self._is_closed:
            self._loop.add_reader(self._listener, self._accept)

    def _accept(self) -> None:
        for _ in range(ACCEPTED_A_TURN):
            try:
                accepted, _ = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                logger.error("no connection can be accepted: %s", error)
                self._loop.remove_reader(self._listener)
                self._loop.call_later(PAUSE_S, self._begin)
                return
            self._open(accepted)

    def _open(self, accepted: socket.socket) -> None:
        accepted.setblocking(False)
        if accepted.family != socket.AF_UNIX:
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opening = self._loop.create_task(self._loop.connect_accepted_socket(self._make_protocol, accepted))
        self._opening.add(opening)
        opening.add_done_callback(self._opened)

    def _opened(self, opening: asyncio.Task[object]) -> None:
        self._opening.discard(opening)
        if not opening.cancelled() and opening.exception() is not None:
            logger.debug("a connection was lost before it began: %s", opening.exception())
