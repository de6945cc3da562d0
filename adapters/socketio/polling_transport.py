"""A client that asks again and again for what there is for it (Engine.IO's polling)."""

from __future__ import annotations

import asyncio

from anyio import move_on_after

from ...application.sessions.frame import Frame
from .codec import SEPARATOR

HIGH_WATER = 65_536
"""So many bytes are taken before the client comes for them."""

CLOSE_PATIENCE_S = 1.0
"""How long a client may take to come for its close."""

CLOSE = b"1"
NOOP = b"6"


class PollingTransport:
    """See `Transport`: keeps what it takes until the client's next request comes for it."""

    def __init__(self) -> None:
        self._packets: list[bytes] = []
        self._size = 0
        self._is_over = False
        self._is_closing = False
        self._hurries = False
        self._changed = asyncio.Event()

    @property
    def is_open(self) -> bool:
        """Whether it takes anything more."""
        return not self._is_over and not self._is_closing

    def write(self, frame: Frame) -> bool:
        """See `Transport.write`."""
        if self._is_over or self._is_closing:
            return True
        if self._size >= HIGH_WATER:
            return False
        self.put(frame.data)
        return True

    def put(self, packet: bytes) -> None:
        """A packet of Engine.IO's own, which has a place beside what fits."""
        self._packets.append(packet)
        self._size += len(packet)
        self._change()

    async def drained(self) -> None:
        """See `Transport.drained`."""
        if self._is_closing:
            with move_on_after(CLOSE_PATIENCE_S):
                await self._until_over()
            self.abort()
        while self._size >= HIGH_WATER and not self._is_over:
            await self._changes()

    def close(self, code: int, reason: str) -> None:  # noqa: ARG002  # this way in has no codes
        """See `Transport.close`. The close goes by itself: a client drops what comes in one answer with it."""
        if self.is_open:
            self._is_closing = True
            self._change()

    def abort(self) -> None:
        """See `Transport.abort`."""
        self._is_over = True
        self._packets.clear()
        self._size = 0
        self._change()

    def hurry(self) -> None:
        """Answer the client's requests at once from now on: it is about to change to its WebSocket."""
        self._hurries = True
        self._change()

    def linger(self) -> None:
        """Let the client's requests wait again: it stays."""
        self._hurries = False

    async def poll(self) -> bytes:
        """What there is for the client, once there is something; the end of the connection is something, too."""
        while not self._packets and self.is_open and not self._hurries:
            await self._changes()
        if self._is_closing and not self._packets:
            self.abort()
        return self.take() or (CLOSE if self._is_over else NOOP)

    def take(self) -> bytes:
        """What there is for the client now, which is its from now on."""
        payload = SEPARATOR.join(self._packets)
        self._packets.clear()
        self._size = 0
        self._change()
        return payload

    async def _until_over(self) -> None:
        while not self._is_over:
            await self._changes()

    async def _changes(self) -> None:
        changed = self._changed
        await changed.wait()

    def _change(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
