"""What waits to be sent to one session."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from math import inf

from anyio import CancelScope, Event, current_time
from anyio.lowlevel import checkpoint

from ..ports.transport import Transport
from .frame import COMPLETE, GONE, TOO_SLOW, Closing, Frame
from .limits import Backlog

TURNS_OF_GRACE = 2
"""For so many turns of the loop more may wait than is allowed, with the transport refusing."""

PATIENCE_S = 5.0
"""How long a session that is to be closed waits for its client to take what was queued before."""


class Outbox:
    """Writes frames through to the session's transport, and keeps those that it does not take; putting never waits.

    Where more waits than `backlog` allows, and the transport has refused for two turns of the loop, the client is too
    slow: what waits is dropped and the session closes with 4413. Whoever answers a client's own requests first waits
    for `relief`, so that a client cannot be closed for the answers that it asked for. An outbox that is not open yet
    writes nothing before `run`.
    """

    def __init__(self, transport: Transport, backlog: Backlog, *, is_open: bool = True) -> None:
        self.transport = transport
        self._backlog = backlog
        self._is_open = is_open
        self._is_over = False
        self._give_up_at = inf
        self._frames: deque[Frame] = deque()
        self._bytes = 0
        self._dropped: tuple[Frame, ...] = ()
        self._closing: Closing | None = None
        self._arrived: Event | None = None
        self._relieved: Event | None = None
        self._draining: CancelScope | None = None

    @property
    def is_closed(self) -> bool:
        """Whether nothing more will be taken."""
        return self._closing is not None

    @property
    def closing(self) -> Closing | None:
        """How the session ends, once that is decided."""
        return self._closing

    @property
    def is_behind(self) -> bool:
        """Whether something waits."""
        return bool(self._frames)

    @property
    def unsent(self) -> tuple[Frame, ...]:
        """What waits, or was dropped instead of being sent, in order."""
        return (*self._dropped, *self._frames)

    @property
    def waiting(self) -> tuple[int, int]:
        """How many frames wait, and how many bytes they are."""
        return len(self._frames), self._bytes

    def put(self, frame: Frame) -> None:
        """Send `frame`, or queue it; a closed outbox drops it."""
        if self._closing is not None:
            return
        if self._frames or not self._is_open or not self.transport.write(frame):
            self._queue(frame)
        if frame.is_last:
            self.finish(COMPLETE)

    def is_exceeded_by(self, frames: int, size: int) -> bool:
        """Whether so much is more than may wait."""
        return frames > self._backlog.max_frames or size > self._backlog.max_bytes

    def finish(self, closing: Closing) -> None:
        """Send what waits, as far as the client takes it within a few seconds, then close. The first reason stands."""
        if self._closing is None:
            self._closing = closing
            self._give_up_at = current_time() + PATIENCE_S
            if self._draining is not None:
                self._draining.deadline = self._give_up_at
            self._wake()

    def abort(self, closing: Closing) -> None:
        """Drop what waits and close. The first reason given stands."""
        self._drop()
        self.finish(closing)
        if self._draining is not None:
            self._draining.cancel()

    def give_up(self) -> None:
        """End the connection, where it has not been closed: the client is gone."""
        if not self._is_over:
            self._is_over = True
            self.abort(GONE)
            self.transport.abort()

    async def run(self, leave: Callable[[], None]) -> None:
        """Write what waits for as long as the session lasts, then close. The session's writer's alone to call.

        `leave` is called before the close: who is being closed is in no room any more.
        """
        closing = await self._write()
        leave()
        self._is_over = True
        self.transport.close(closing.code, closing.reason)
        await self.transport.drained()

    async def relief(self) -> None:
        """Wait until the outbox is at most half full, or closed; the session's reader's alone to call."""
        while self._frames and self._is_half_full and self._closing is None:
            self._relieved = Event()
            await self._relieved.wait()

    async def _write(self) -> Closing:
        self._is_open = True
        while self._closing is None or self._frames:
            if not self._frames:
                self._arrived = Event()
                await self._arrived.wait()
            elif self._is_exceeded and self._closing is None:
                await self._judge()
            else:
                await self._drained()
                self._flush()
        return self._closing

    def _queue(self, frame: Frame) -> None:
        self._frames.append(frame)
        self._bytes += frame.size
        if self._is_exceeded and self._draining is not None:
            self._draining.cancel()
        self._wake()

    async def _drained(self) -> None:
        with CancelScope(deadline=self._give_up_at) as self._draining:
            await self.transport.drained()
        self._draining = None
        if current_time() >= self._give_up_at:
            self._drop()

    def _drop(self) -> None:
        self._dropped = self.unsent
        self._frames.clear()
        self._bytes = 0

    async def _judge(self) -> None:
        # Never in the turn that queued: a client that reads must have had the chance to be written to.
        for _ in range(TURNS_OF_GRACE):
            await checkpoint()
            self._flush()
            if not self._is_exceeded or self._closing is not None:
                return
        self.abort(TOO_SLOW)

    def _flush(self) -> None:
        while self._frames and self.transport.write(self._frames[0]):
            self._bytes -= self._frames.popleft().size
        if self._relieved is not None and not self._is_half_full:
            self._relieved.set()
            self._relieved = None

    @property
    def _is_exceeded(self) -> bool:
        return self.is_exceeded_by(len(self._frames), self._bytes)

    @property
    def _is_half_full(self) -> bool:
        return self.is_exceeded_by(2 * len(self._frames), 2 * self._bytes)

    def _wake(self) -> None:
        if self._arrived is not None:
            self._arrived.set()
            self._arrived = None
        if self._closing is not None and self._relieved is not None:
            self._relieved.set()
            self._relieved = None
