"""What a connection has sent and nobody has parsed yet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from .turns import Turns

BYTES_A_TURN = 65_536


class Intake:
    """The bytes of one connection in order; they are parsed in turns of a bounded size, whatever the parser is.

    `parse` parses one turn's worth. Where it leaves something, it says who is waited for: `next_turn`, the others; or
    `pause`, the application, whose `go_on` it is then. Until then nothing more is read, so the client is slowed down by
    TCP, and no more waits here than was read at once. `resume` reads on.

    `unread_s` is the time in which nothing was read, since it was last asked: what the client sent then could not be
    seen.
    """

    def __init__(self, turns: Turns, transport: asyncio.Transport, parse: Callable[[], None]) -> None:
        self._turns = turns
        self._transport = transport
        self._parse = parse
        self._bytes = bytearray()
        self._has_turn_coming = False
        self._paused_at: float | None = None
        self._unread_s = 0.0
        self._is_dropping = False

    def __len__(self) -> int:
        return len(self._bytes)

    def feed(self, data: bytes) -> None:
        """Take what was read, and parse it at once, if none of it has to wait for others."""
        self._bytes += data
        if not self._has_turn_coming:
            self._go_on()

    def peek(self, size: int) -> bytes:
        """The first bytes, which stay; at most `size`."""
        return bytes(self._bytes[:size])

    def take(self, size: int = BYTES_A_TURN) -> bytes:
        """Take the first bytes out; at most `size`."""
        taken = bytes(self._bytes[:size])
        del self._bytes[:size]
        return taken

    def put_back(self, data: bytes) -> None:
        """Put bytes in front that were taken and not parsed."""
        self._bytes[:0] = data

    def next_turn(self) -> None:
        """Read nothing more, and parse when the others have had their turn."""
        self.pause()
        if not self._has_turn_coming:
            self._has_turn_coming = True
            self._turns.wait(self._take_turn)

    def drop(self) -> None:
        """Parse nothing from now on: what comes is read and thrown away, in turns too."""
        self._is_dropping = True
        self.next_turn()

    def pause(self) -> None:
        """Read nothing more."""
        if self._paused_at is None and not self._transport.is_closing():
            self._paused_at = asyncio.get_running_loop().time()
            self._transport.pause_reading()

    def go_on(self) -> None:
        """Parse on, where that was paused, when the others have had their turn."""
        if self._paused_at is not None:
            self.next_turn()

    def resume(self) -> None:
        """Read on; doing so twice is fine."""
        if self._paused_at is not None:
            self._unread_s += asyncio.get_running_loop().time() - self._paused_at
            self._paused_at = None
            if not self._transport.is_closing():
                self._transport.resume_reading()

    def unread_s(self) -> float:
        """How long nothing was read since this was last asked, in seconds."""
        spent, self._unread_s = self._unread_s, 0.0
        if self._paused_at is not None:
            now = asyncio.get_running_loop().time()
            spent += now - self._paused_at
            self._paused_at = now
        return spent

    def _take_turn(self) -> None:
        self._has_turn_coming = False
        self._go_on()

    def _go_on(self) -> None:
        if self._transport.is_closing():
            self._bytes.clear()
        elif not self._is_dropping:
            self._parse()
        elif self._bytes:
            self._bytes.clear()
            self.next_turn()
        else:
            self.resume()
