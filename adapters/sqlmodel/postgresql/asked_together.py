"""What many ask at the same time, asked with one statement."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from typing import Generic, TypeVar

from anyio import Event as Signal
from anyio.lowlevel import checkpoint

K = TypeVar("K")
V = TypeVar("V")


class AskedTogether(Generic[K, V]):
    """Gathers questions: one statement is under way, and all that is asked meanwhile goes with the next, up to
    `at_once`.

    `ask` gives an answer for each key, in their order. It is called by one of those who wait, within its own deadline;
    where that fails, it alone is told, and the next one asks.
    """

    def __init__(self, ask: Callable[[Sequence[K]], Awaitable[Sequence[V]]], at_once: int) -> None:
        self._ask = ask
        self._at_once = at_once
        self._waiting: dict[_Question[K, V], None] = {}
        self._under_way: Signal | None = None

    async def __call__(self, key: K) -> V:
        """The answer for `key`, as of a moment after this was called. Raises what `ask` raises."""
        question = _Question[K, V](key)
        self._waiting[question] = None
        try:
            while not question.answer:
                if self._under_way is None:
                    await self._ask_next()
                else:
                    await self._under_way.wait()
        finally:
            self._waiting.pop(question, None)
        return question.answer[0]

    async def _ask_next(self) -> None:
        over = self._under_way = Signal()
        try:
            await checkpoint()  # what is asked in the same turn of the loop goes with it
            questions = list(islice(self._waiting, self._at_once))
            answers = await self._ask([question.key for question in questions])
            for question, answer in zip(questions, answers, strict=True):
                question.answer.append(answer)
                self._waiting.pop(question, None)
        finally:
            self._under_way = None
            over.set()


class _Question(Generic[K, V]):
    def __init__(self, key: K) -> None:
        self.key = key
        self.answer: list[V] = []
