"""The port that runs functions which block, beside the event loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Running(Protocol[T_co]):
    """A function that was begun. Nobody can stop it: whoever stops waiting only stops waiting."""

    @property
    def has_ended(self) -> bool:
        """Whether it came to its end, well or not."""
        ...

    async def ended(self) -> None:
        """Wait until it has; raises nothing of it."""
        ...

    async def result(self) -> T_co:
        """Wait until it has ended, and give what it gave. May be asked again, and by several.

        Raises the Exception that it raised; what it raised beside that (SystemExit, a cancellation of its own) is the
        cause of a RuntimeError.
        """
        ...


class RunSync(Protocol):
    """Runs functions in a bounded number of threads that never hold up the end of the process."""

    async def start(self, function: Callable[[], T], owner: str | None = None) -> Running[T]:
        """Begin `function` as soon as a thread is free; who asked first goes first.

        The thread is taken until the function has ended, whether somebody waits for it or not. Cancelled before that,
        it is not begun. `owner` is the user on whose behalf it runs: one alone never takes all threads.
        """
        ...
