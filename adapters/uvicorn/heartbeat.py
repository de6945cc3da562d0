"""How long a client may take for its pong."""

from __future__ import annotations

import asyncio

from .intake import Intake


class Heartbeat:
    """Counts the time since a ping in which its answer could have been read, and no other.

    Where the server reads nothing, since a request holds up those behind it, or where the whole process stood still,
    the answer may be there, unread.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, intake: Intake) -> None:
        self._loop = loop
        self._intake = intake
        self._due_at = 0.0
        self._timeout_s = 0.0

    def begin(self, timeout_s: float) -> None:
        """A ping goes out, whose answer has so long."""
        self._intake.unread_s()
        self._timeout_s = timeout_s
        self._due_at = self._loop.time() + timeout_s

    def more_s(self) -> float:
        """The time has passed: how much of it did not count, in seconds, and so is left."""
        now = self._loop.time()
        stood_still_s = max(now - self._due_at - TOLERANCE_S, 0.0)
        more_s = min(self._intake.unread_s() + stood_still_s, self._timeout_s)
        if more_s < TOLERANCE_S:
            return 0.0
        self._due_at = now + more_s
        return more_s


TOLERANCE_S = 0.05
"""How late a timer may be, and how short a pause, without meaning anything."""
