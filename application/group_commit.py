"""Group commit: all that waits is one batch, and one batch is in flight."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from anyio import Lock

W = TypeVar("W")


class GroupCommit(Generic[W]):
    """Collects what is to be kept, and keeps it in batches, one after the other, in the order in which it came.

    There is no timer: what comes alone is kept at once, and under load a batch is all that came while the last one was
    kept. `fits` says how many of those that wait make the next batch; `keep` keeps them, and tells each what became of
    it. Where `keep` is cancelled, its batch waits again.
    """

    def __init__(self, fits: Callable[[Sequence[W]], int], keep: Callable[[Sequence[W]], Awaitable[None]]) -> None:
        self._fits = fits
        self._keep = keep
        self._waiting: list[W] = []
        self._in_flight = Lock(fast_acquire=True)

    @property
    def waiting(self) -> Sequence[W]:
        """What waits, the oldest first; what is in flight is not among it."""
        return self._waiting

    def add(self, wish: W) -> None:
        """Let `wish` be kept by one of the next calls of `commit`."""
        self._waiting.append(wish)

    def drop(self, unwanted: Callable[[W], bool]) -> Sequence[W]:
        """Let those that are `unwanted` wait no more; which these are. What is in flight stays."""
        dropped: list[W] = []
        kept: list[W] = []
        for wish in self._waiting:
            (dropped if unwanted(wish) else kept).append(wish)
        self._waiting = kept
        return dropped

    async def commit(self) -> None:
        """Keep the next batch, when the one in flight is kept. Does nothing where nothing waits then."""
        async with self._in_flight:
            count = self._fits(self._waiting)
            batch, self._waiting = self._waiting[:count], self._waiting[count:]
            if not batch:
                return
            try:
                await self._keep(batch)
            except BaseException:
                self._waiting[:0] = batch
                raise
