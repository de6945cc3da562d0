"""A transport on any ASGI server."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

from anyio import CancelScope, Event, create_task_group, current_time, move_on_after

from ...application.sessions.frame import Closing, Frame

FRAME_PATIENCE_S = 1.0
"""How long a close waits for the frames that were taken."""

HIGH_WATER = 65_536
"""So many bytes are taken before what was written has gone out: as much as a server's own transports take. One frame at
a time would cost two turns of the loop for each, and a client's answers would come apart by as many."""

CLOSE_PATIENCE_S = 5.0
"""How long a client may take for its close."""


PLAIN_ASGI: Final = "dialogue.plainAsgi"
"""Under this key the outermost layer puts the `PlainAsgi` that it was called with into the `state` of a scope."""


class PlainAsgi(NamedTuple):
    """A connection's ASGI as the server has it: a framework puts several calls of its own around each message."""

    receive: Callable[[], Awaitable[Any]]
    send: Callable[[Any], Awaitable[None]]


class PlainTransport:
    """Frames go out one after the other in a task of its own, since ASGI's `send` may wait for a client that does not
    read; frames are taken while less than `HIGH_WATER` bytes are on their way.

    `send` and `end` say in ASGI's words what a frame and the end are; `cut` ends the connection where the client does
    not take that, if the server has a way to.
    """

    def __init__(
        self,
        send: Callable[[Frame], Awaitable[None]],
        end: Callable[[Closing], Awaitable[None]],
        cut: Callable[[], None] | None = None,
    ) -> None:
        self._send = send
        self._end = end
        self._cut = cut
        self._frames: deque[Frame] = deque()
        self._size = 0
        self._closing: Closing | None = None
        self._is_over = False
        self._sending = CancelScope()
        self._idle: asyncio.Future[None] | None = None  # while there is nothing to send; an Event would cost more
        self._moved = Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[PlainTransport]:
        """The transport at work; what the body raises passes through as it is."""
        refusal: Exception | None = None
        async with create_task_group() as tasks:
            tasks.start_soon(self._run)
            try:
                yield self
            except Exception as error:
                refusal = error
            tasks.cancel_scope.cancel()
        if refusal is not None:
            raise refusal

    def write(self, frame: Frame) -> bool:
        """See `Transport`."""
        if self._is_over or self._closing is not None:
            return True
        if self._size >= HIGH_WATER:
            return False
        self._frames.append(frame)
        self._size += len(frame.data)
        if self._idle is not None:
            self._wake()
        return True

    async def drained(self) -> None:
        """See `Transport`."""
        while not self._is_over and (self._size >= HIGH_WATER or self._closing is not None):
            await self._moved.wait()

    def close(self, code: int, reason: str) -> None:
        """See `Transport`."""
        if self._closing is None:
            self._closing = Closing(code, reason)
            self._sending.deadline = current_time() + FRAME_PATIENCE_S
            self._wake()

    def abort(self) -> None:
        """See `Transport`: plain ASGI has no word for it, so the frame on its way is given up."""
        if not self._is_over:
            self._sending.cancel()
            self._finish()

    async def _run(self) -> None:
        try:
            with self._sending:
                await self._send_frames()
            if not self._is_over:
                await self._say_farewell()
        except (OSError, RuntimeError):
            pass  # the client is gone; the reader hears of it
        finally:
            self._finish()

    async def _send_frames(self) -> None:
        while self._frames or self._closing is None:
            if not self._frames:
                self._idle = asyncio.get_running_loop().create_future()
                await self._idle
                continue
            frame = self._frames.popleft()
            await self._send(frame)
            was_full = self._size >= HIGH_WATER
            self._size -= len(frame.data)
            if was_full:
                self._move()

    async def _say_farewell(self) -> None:
        assert self._closing is not None, "frames are sent until the close"
        if self._sending.cancelled_caught and self._cut is not None:
            self._cut()
            return
        with move_on_after(CLOSE_PATIENCE_S):
            await self._end(self._closing)

    def _finish(self) -> None:
        self._is_over = True
        self._frames.clear()
        self._size = 0
        self._move()

    def _wake(self) -> None:
        idle, self._idle = self._idle, None
        if idle is not None and not idle.done():  # it may have been cancelled
            idle.set_result(None)

    def _move(self) -> None:
        moved, self._moved = self._moved, Event()
        moved.set()
