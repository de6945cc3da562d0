"""Threads in which transactions run, one turn of the event loop away."""

from __future__ import annotations

from asyncio import AbstractEventLoop, get_running_loop
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Lock, Thread
from time import monotonic
from typing import Generic, TypeVar, cast

from anyio import CancelScope, get_cancelled_exc_class
from anyio import Event as Signal

from ....domain.errors import Unavailable

T = TypeVar("T")

TOO_LATE = "The database did not come to it in time"


class TransactionThreads:
    """A fixed number of daemon threads, which take what is to be run in the order in which it came.

    anyio's own threads cost three turns of the loop a call, of which each is long where the loop is busy; here it is
    one. And here a caller whose time is over leaves at once: what was not begun never will be.
    """

    def __init__(self, name: str, count: int) -> None:
        self._jobs: SimpleQueue[_Job[object] | None] = SimpleQueue()
        self._threads = [Thread(target=self._work, name=name, daemon=True) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    async def run(self, function: Callable[[], T], until: float, *, is_awaited: bool) -> T:
        """Run `function` in a thread, and give what it gives.

        Raises Unavailable where it was not begun by `until` (of `time.monotonic`). Once begun it runs to its end. With
        `is_awaited` its caller waits for that, whatever time it is and also when it is cancelled; without, it leaves.
        """
        job = _Job(function, get_running_loop(), is_awaited)
        timer = job.loop.call_later(max(0.0, until - monotonic()), job.expire) if until < float("inf") else None
        self._jobs.put(cast("_Job[object]", job))
        try:
            await job.ended.wait()
        except get_cancelled_exc_class():
            if job.is_awaited and not job.claim():
                with CancelScope(shield=True):
                    await job.ended.wait()
                return job.outcome()
            raise
        finally:
            if timer is not None:
                timer.cancel()
        return job.outcome()

    def end(self) -> None:
        """Let the threads end when they have done what waits."""
        for _ in self._threads:
            self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            if job.claim():
                job.run()
            del job  # what it gave belongs to its caller alone


class _Job(Generic[T]):
    """A function that is to be run once; whoever claims it first, a thread or the clock, decides what becomes of it."""

    def __init__(self, function: Callable[[], T], loop: AbstractEventLoop, is_awaited: bool) -> None:
        self.loop = loop
        self.is_awaited = is_awaited
        self.ended = Signal()
        self._function = function
        self._claimed = Lock()
        self._result: T | None = None
        self._error: BaseException | None = None

    def claim(self) -> bool:
        return self._claimed.acquire(blocking=False)

    def expire(self) -> None:
        if self.claim() or not self.is_awaited:
            self._end(None, Unavailable(TOO_LATE))

    def run(self) -> None:
        result: T | None = None
        error: BaseException | None = None
        try:
            result = self._function()
        except BaseException as raised:
            error = raised
        with suppress(RuntimeError):  # the loop has been closed: nobody waits any more
            self.loop.call_soon_threadsafe(self._end, result, error)

    def outcome(self) -> T:
        if self._error is not None:
            raise self._error
        return cast("T", self._result)

    def _end(self, result: T | None, error: BaseException | None) -> None:
        if not self.ended.is_set():
            self._result, self._error = result, error
            self.ended.set()
