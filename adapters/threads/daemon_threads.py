"""Threads for functions that may block, hang, or outlive whoever waits for them."""

from __future__ import annotations

from asyncio import AbstractEventLoop, get_running_loop
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any, Generic, TypeVar

from anyio import Event as Signal
from anyio import Semaphore

T = TypeVar("T")

SHARE = 4
"""One owner may have this part of the threads."""
IDLE_S = 5.0
"""After how long a thread that has nothing to do ends."""


class DaemonThreads:
    """`RunSync` in at most `limit` threads at a time.

    Those of `anyio.to_thread` would hold up the end of the process, and be counted as free while an abandoned function
    still runs in them: so a hook that hangs would get one thread more with each try.
    """

    def __init__(self, limit: int) -> None:
        self._free = Semaphore(limit, max_value=limit, fast_acquire=True)
        self._share = max(1, limit // SHARE)
        self._owners: dict[str, _Owner] = {}
        self._idle: list[_Worker] = []
        self._lock = Lock()  # around `_idle`, which the threads change too

    async def start(self, function: Callable[[], T], owner: str | None = None) -> _Running[T]:
        """See `RunSync.start`."""
        release = await self._place(owner)
        running = _Running[T](get_running_loop(), release)
        run = copy_context().run
        self._worker().work.put(lambda: running.run(lambda: run(function)))
        return running

    async def _place(self, owner: str | None) -> Callable[[], None]:
        """Wait for a place; gives what gives it back."""
        if owner is None:
            await self._free.acquire()
            return self._free.release
        own = self._owners.setdefault(owner, _Owner(self._share))
        own.calls += 1
        try:
            await own.places.acquire()
            try:
                await self._free.acquire()
            except BaseException:
                own.places.release()
                raise
        except BaseException:
            self._leave(owner, own)
            raise

        def release() -> None:
            self._free.release()
            own.places.release()
            self._leave(owner, own)

        return release

    def _leave(self, owner: str, own: _Owner) -> None:
        own.calls -= 1
        if not own.calls:
            del self._owners[owner]

    def _worker(self) -> _Worker:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        worker = _Worker(self)
        worker.start()
        return worker

    def rest(self, worker: _Worker) -> None:
        """Let the next function have this worker, rather than a new one."""
        with self._lock:
            self._idle.append(worker)

    def may_end(self, worker: _Worker) -> bool:
        """Take a worker that has waited long enough out; False where it was just given work."""
        with self._lock:
            if worker not in self._idle:
                return False
            self._idle.remove(worker)
            return True


class _Owner:
    """One on whose behalf functions run, or wait for a place."""

    def __init__(self, share: int) -> None:
        self.places = Semaphore(share, max_value=share, fast_acquire=True)
        self.calls = 0


class _Running(Generic[T]):
    """`Running` in a thread."""

    def __init__(self, loop: AbstractEventLoop, when_ended: Callable[[], None]) -> None:
        self._loop = loop
        self._when_ended = when_ended
        self._ended = Signal()
        self._value: T | None = None
        self._failure: Exception | None = None

    @property
    def has_ended(self) -> bool:
        """See `Running.has_ended`."""
        return self._ended.is_set()

    async def ended(self) -> None:
        """See `Running.ended`."""
        await self._ended.wait()

    async def result(self) -> T:
        """See `Running.result`."""
        await self._ended.wait()
        if self._failure is not None:
            raise self._failure
        return self._value  # type: ignore[return-value]  # a T, which may be None, once it has ended

    def run(self, function: Callable[[], T]) -> Callable[[], None]:
        """Run it, in a thread; gives what tells the loop of its end."""
        try:
            self._value = function()
        except Exception as error:
            self._failure = error
        except BaseException as error:
            self._failure = RuntimeError(f"ended by {error!r}")
            self._failure.__cause__ = error
        return self._tell

    def _tell(self) -> None:
        with suppress(RuntimeError):  # where the loop has ended before, nobody waits any more
            self._loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        self._when_ended()
        self._ended.set()


class _Worker(Thread):
    """One thread, which takes one function after the other."""

    def __init__(self, threads: DaemonThreads) -> None:
        super().__init__(name="dialogue-hook", daemon=True)
        self.work: SimpleQueue[Callable[[], Callable[[], Any]]] = SimpleQueue()
        self._threads = threads

    def run(self) -> None:
        """Work until there is nothing to do for a while."""
        while True:
            try:
                work = self.work.get(timeout=IDLE_S)
            except Empty:
                if self._threads.may_end(self):
                    return
                continue
            tell = work()
            del work
            self._threads.rest(self)  # before the loop hears of it, which may begin the next one at once
            tell()
            del tell
