"""What waits to be sent to one session."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from anyio import Event

from .frame import TOO_SLOW, Closing, Frame


class Outbox:
    """A bounded queue with one reader, the session's writer; putting never waits.

    Past `max_frames` or `max_bytes`, not counting the frame that is being sent, the client is too slow: what waits is
    dropped and the session closes with 4413. Whoever answers a client's own requests first waits for `relief`, so that
    a client cannot be closed for the answers that it asked for. `on_abort` is called once, where what waits is dropped:
    the writer may be stuck in a frame that the client does not take.
    """

    def __init__(self, max_frames: int, max_bytes: int, on_abort: Callable[[], object] | None = None) -> None:
        self._max_frames = max_frames
        self._max_bytes = max_bytes
        self._on_abort = on_abort
        self._frames: deque[Frame] = deque()
        self._bytes = 0
        self._closing: Closing | None = None
        self._arrived: Event | None = None
        self._relieved: Event | None = None

    @property
    def is_closed(self) -> bool:
        """Whether nothing more will be taken."""
        return self._closing is not None

    @property
    def closing(self) -> Closing | None:
        """How the session ends, once that is decided."""
        return self._closing

    def put(self, frame: Frame) -> None:
        """Queue `frame`; a closed outbox drops it."""
        if self._closing is not None:
            return
        self._frames.append(frame)
        self._bytes += frame.size
        if self.is_exceeded_by(len(self._frames), self._bytes):
            self.abort(TOO_SLOW)
        else:
            self._wake()

    def is_exceeded_by(self, frames: int, size: int) -> bool:
        """Whether so much is more than may wait."""
        return frames > self._max_frames or size > self._max_bytes

    def finish(self, closing: Closing) -> None:
        """Send what waits, then close. The first reason given stands."""
        if self._closing is None:
            self._closing = closing
            self._wake()

    def abort(self, closing: Closing) -> None:
        """Drop what waits and close. The first reason given stands."""
        self._frames.clear()
        self._bytes = 0
        self.finish(closing)
        on_abort, self._on_abort = self._on_abort, None
        if on_abort is not None:
            on_abort()

    async def next(self) -> Frame | Closing:
        """The next frame, or how to close when nothing more comes; the writer's alone to call."""
        while not self._frames:
            if self._closing is not None:
                return self._closing
            self._arrived = Event()
            await self._arrived.wait()
        frame = self._frames.popleft()
        self._bytes -= frame.size
        if self._relieved is not None and not self._is_half_full:
            self._relieved.set()
            self._relieved = None
        return frame

    async def relief(self) -> None:
        """Wait until the outbox is at most half full, or closed; the session's reader's alone to call."""
        while self._is_half_full and self._closing is None:
            self._relieved = Event()
            await self._relieved.wait()

    @property
    def _is_half_full(self) -> bool:
        return len(self._frames) * 2 > self._max_frames or self._bytes * 2 > self._max_bytes

    def _wake(self) -> None:
        if self._arrived is not None:
            self._arrived.set()
            self._arrived = None
        if self._closing is not None and self._relieved is not None:
            self._relieved.set()
            self._relieved = None
