"""Calling the user's code: hooks, handlers, and the storage of an application that has its own."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import isawaitable, iscoroutinefunction
from math import inf
from typing import Any, TypeVar

from anyio import Lock, create_task_group, get_cancelled_exc_class, move_on_after, sleep

from ..ports.run_sync import Running, RunSync

T = TypeVar("T")

FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 15.0

logger = logging.getLogger("dialogue.hooks")


class HookCancelled(Exception):
    """A hook was cancelled by what it waited for itself."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a function of the user's, async or not; `about` says in the log what it is, and for whom.

    `owner` is the user on whose behalf it is called, where it is a single one: those calls share some of the threads.
    """

    function: Callable[..., Any]
    arguments: tuple[object, ...]
    about: str
    owner: str | None = None

    @property
    def is_async(self) -> bool:
        """Whether it is to be called in the event loop."""
        return iscoroutinefunction(self.function) or iscoroutinefunction(getattr(self.function, "__call__", None))  # noqa: B004

    def begin(self) -> Any:
        """Call the function."""
        return self.function(*self.arguments)


class Turn:
    """Lets one call after the other go, in the order in which they ask (`async with turn`).

    A function in a thread goes on when its caller is freed by a time-out: the next one waits for its end.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._last: Running[Any] | None = None

    @property
    def is_taken(self) -> bool:
        """Whether the next one would have to wait."""
        return self._lock.locked() or (self._last is not None and not self._last.has_ended)

    def note(self, running: Running[Any]) -> None:
        """The one whose turn it is has begun this."""
        self._last = running

    async def take(self) -> None:
        """Wait for the turn."""
        await self._lock.acquire()
        try:
            if self._last is not None:
                await self._last.ended()
        except BaseException:
            self._lock.release()
            raise
        self._last = None

    def give_back(self) -> None:
        """End the turn that was taken."""
        self._lock.release()

    async def __aenter__(self) -> None:
        await self.take()

    async def __aexit__(self, *_: object) -> None:
        self.give_back()


class RunHook:
    """The one way in which the user's code is called.

    Async functions are awaited in the loop, others run in a thread, where they may block; an awaitable that one of
    these gives back is awaited in the loop. A call that takes longer than `timeout_s`, the wait for a thread included,
    has failed. Code that brings a cancellation about itself ends that code alone; being cancelled from outside passes
    through.
    """

    def __init__(self, run_sync: RunSync, timeout_s: float) -> None:
        self._run_sync = run_sync
        self.timeout_s = timeout_s

    async def __call__(self, call: Call, turn: Turn | None = None, *, timeout_s: float = inf) -> Any:
        """What the function gives. Raises the Exception that it raises, TimeoutError, and HookCancelled.

        `turn` is one that the caller has, where two of these calls must never run at once; `timeout_s` is for a caller
        that has less time than all have.
        """
        with self._in_time(call, timeout_s):
            if call.is_async:
                return await _alone(call.begin)
            running = await self._run_sync.start(call.begin, call.owner)
            if turn is not None:
                turn.note(running)
            return await _settled(await running.result())

    async def in_turn(self, call: Call, turn: Turn, *, timeout_s: float = inf) -> Any:
        """As calling it, after the one before it in that turn has come to its end; that, too, takes of the time."""
        with self._in_time(call, timeout_s):
            async with turn:
                return await self(call, turn, timeout_s=timeout_s)

    async def to_its_end(self, call: Call) -> Any:
        """The same, for what nobody waits for but the next call of its kind.

        A function in a thread has all the time that it takes; past `timeout_s` the log says so. So what became of it
        is known, and it never runs beside itself.
        """
        if call.is_async:
            return await self(call)
        running = await self._run_sync.start(call.begin, call.owner)
        with move_on_after(self.timeout_s) as scope:
            await running.ended()
        if scope.cancelled_caught:
            logger.warning("%s takes longer than %s s; what comes next waits for it", call.about, self.timeout_s)
        result = await running.result()
        with self._in_time(call):
            return await _settled(result)

    async def contained(self, call: Call, *, to_its_end: bool = False) -> bool:
        """Call it for what it does alone; whether it came to its end. The log tells of a failure."""
        try:
            await (self.to_its_end(call) if to_its_end else self(call))
        except Exception:
            logger.exception("%s failed", call.about)
            return False
        return True

    async def until_done(self, attempt: Callable[[], Awaitable[T]], about: str) -> T:
        """One attempt after the other, with back-off in between, until one raises nothing."""
        wait_s = FIRST_WAIT_S
        while True:
            try:
                return await attempt()
            except Exception as error:
                logger.error("%s failed, and is tried again: %r", about, error)
            await sleep(wait_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    @contextmanager
    def _in_time(self, call: Call, timeout_s: float = inf) -> Iterator[None]:
        timeout_s = min(timeout_s, self.timeout_s)
        with move_on_after(timeout_s) as scope:
            yield
        if scope.cancelled_caught:
            raise TimeoutError(f"{call.about} took longer than {timeout_s:g} s")


async def _settled(result: Any) -> Any:
    return await _alone(lambda: result) if isawaitable(result) else result


async def _alone(begin: Callable[[], Awaitable[T]]) -> T:
    """Wait for it in a task of its own.

    Code that waits for something which somebody has cancelled raises the same error as code that is itself cancelled.
    In our own task that would end us, in silence, and in a task group all that run beside us.
    """
    done: list[T] = []
    failure: Exception | None = None

    async def run() -> None:
        nonlocal failure
        try:
            done.append(await begin())
        except Exception as error:
            failure = error
        except get_cancelled_exc_class():
            raise
        except BaseException as error:  # sys.exit() would end the whole server; a thread contains it, too
            failure = RuntimeError(f"ended by {error!r}")
            failure.__cause__ = error

    async with create_task_group() as tasks:
        tasks.start_soon(run)
    if failure is not None:
        raise failure
    if not done:
        raise HookCancelled("it was cancelled by what it waited for")
    return done[0]
