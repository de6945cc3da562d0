"""Whose turn it is to be parsed."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable


class Turns:
    """Connections that sent more than one turn's worth are parsed one after the other, one in each pass of the loop.

    So however many of them there are, everybody else waits for one of their turns at most. One for a server.
    """

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()

    def wait(self, go_on: Callable[[], None]) -> None:
        """Call `go_on` when those who wait already have had their turn, and never within this pass of the loop."""
        self._waiting.append(go_on)
        if len(self._waiting) == 1:
            self._schedule()

    def _schedule(self) -> None:
        asyncio.get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        go_on = self._waiting.popleft()
        if self._waiting:
            self._schedule()
        go_on()
