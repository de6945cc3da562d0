"""A connection whose client is in the same process."""

from __future__ import annotations

from anyio import Event

from ...application.sessions.frame import GONE, Closing, Frame


class MemoryTransport:
    """A `Transport` that keeps what it takes, for a program or a test that is its own client.

    `read` gives the frames. With `block` it takes nothing more, as a client that does not read, until `unblock`.
    """

    def __init__(self) -> None:
        self.closing: Closing | None = None
        self._frames: list[Frame] = []
        self._is_blocked = False
        self._changed = Event()

    def read(self) -> list[Frame]:
        """The frames that were taken since this was asked before."""
        frames, self._frames = self._frames, []
        return frames

    def block(self) -> None:
        """Take nothing more for now."""
        self._is_blocked = True

    def unblock(self) -> None:
        """Take frames again."""
        self._is_blocked = False
        self._change()

    def write(self, frame: Frame) -> bool:
        """See `Transport`."""
        if self.closing is not None:
            return True
        if not self._is_blocked:
            self._frames.append(frame)
            self._change()
        return not self._is_blocked

    async def drained(self) -> None:
        """See `Transport`."""
        while self._is_blocked and self.closing is None:
            await self._changed.wait()

    async def arrived(self) -> None:
        """Wait until there is something to read, or the connection has ended."""
        while not self._frames and self.closing is None:
            await self._changed.wait()

    def close(self, code: int, reason: str) -> None:
        """See `Transport`."""
        if self.closing is None:
            self.closing = Closing(code, reason)
            self._change()

    def abort(self) -> None:
        """See `Transport`."""
        self.close(GONE.code, GONE.reason)

    def _change(self) -> None:
        changed, self._changed = self._changed, Event()
        changed.set()
