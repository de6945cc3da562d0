"""What a node has to tell, until it is sent."""

from __future__ import annotations

from collections import deque

from anyio import Event as Signal

MOST_WAITING = 10_000
MOST_BYTES = 8 << 20
AT_ONCE = 200


class Outgoing:
    """A bounded queue: what is too much is dropped, the oldest first, since a bus may lose what it likes.

    The newest says most: behind it is what a node finds when it looks.
    """

    def __init__(self) -> None:
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._arrived = Signal()
        self._is_open = False

    def open(self) -> None:
        """Take notices from now on: the bus is up."""
        self._is_open = True

    def close(self) -> None:
        """Drop what waits, and take nothing more: the bus is down, and others will look by themselves."""
        self._is_open = False
        self._waiting.clear()
        self._bytes = 0

    def put(self, notice: bytes) -> None:
        """Let `notice` be sent soon."""
        if not self._is_open:
            return
        self._waiting.append(notice)
        self._bytes += len(notice)
        while len(self._waiting) > MOST_WAITING or self._bytes > MOST_BYTES:
            self._bytes -= len(self._waiting.popleft())
        self._arrived.set()

    async def take(self) -> list[bytes]:
        """What waits, the oldest first, up to AT_ONCE; waits until there is something."""
        while not self._waiting:
            self._arrived = Signal()
            await self._arrived.wait()
        taken = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
        self._bytes -= sum(map(len, taken))
        return taken
