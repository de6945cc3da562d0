"""Connections that have something to write at the end of a turn of the loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

logger = logging.getLogger("dialogue.server")


class GatheredWrites:
    """Calls each `flush` once, behind all that runs in this turn of the loop. One for a server.

    So what a connection is sent in one turn (an event and the answer to its publisher, the answers to a burst) goes out
    in one write: a write to a socket costs more than all else that is done for a small frame.
    """

    def __init__(self) -> None:
        self._waiting: list[Callable[[], None]] = []

    def add(self, flush: Callable[[], None]) -> None:
        """Call `flush` soon; it must not raise."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._flush)
        self._waiting.append(flush)

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        for flush in waiting:
            flush()


def write_or_end(transport: asyncio.Transport, data: bytes | bytearray) -> None:
    """Write, where the connection has not ended; it ends where that fails, since its client would miss something."""
    if transport.is_closing():
        return
    try:
        transport.write(data)
    except Exception:
        logger.exception("a connection could not be written to, and ends")
        transport.abort()
