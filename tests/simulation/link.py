"""The way from a node to the storage: it takes time, loses answers, and can be cut."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from anyio import Event as Signal
from anyio import sleep, sleep_forever
from anyio.abc import TaskGroup

from dialogue.application.deadline import remaining_s
from dialogue.domain.errors import Unavailable

from .owners import start_in_the_world

T = TypeVar("T")

NOTICED_AFTER_S = 2.0
"""So long it takes until a node notices that nothing comes back."""


class AnswerLost(Exception):
    """Whether it was done is not known, and is not found out."""


@dataclass(slots=True)
class Weather:
    """What may happen to a call; shares of 1."""

    delay_s: float = 0.005
    fails: float = 0.0
    """Nothing is done, and that is known."""
    lags: float = 0.0
    """It takes up to a second."""
    loses_answers: float = 0.0
    """Of calls that change something."""


class Link:
    """One node's. What was sent may be done after the node is dead."""

    def __init__(self, rng: Random, tasks: TaskGroup, weather: Weather) -> None:
        self._rng = rng
        self.tasks = tasks
        self.weather = weather
        self.is_cut = False
        self.is_dead = False

    async def read(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do what changes nothing."""
        await self._way_there()
        found = await work()
        await self._way_back()
        return found

    async def change(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do what changes something, once, now or later; raises AnswerLost where nobody finds out whether."""
        await self._way_there()
        done: list[T | Exception] = []
        is_done = Signal()

        async def do() -> None:
            try:
                done.append(await work())
            except Exception as error:
                done.append(error)
            is_done.set()

        if self._rng.random() < self.weather.loses_answers:
            if self._rng.random() < 0.7:
                start_in_the_world(self.tasks, self._later, do, self._rng.random() * 4)
            await sleep(NOTICED_AFTER_S * self._rng.random())
            raise AnswerLost
        await do()
        await self._way_back()
        result = done[0]
        if isinstance(result, Exception):
            raise result
        return result

    async def _later(self, do: Callable[[], Awaitable[None]], after_s: float) -> None:
        await sleep(after_s)
        await do()

    async def _way_there(self) -> None:
        if self.is_dead:
            await sleep_forever()
        if self.is_cut:
            await sleep(remaining_s(NOTICED_AFTER_S))
            raise Unavailable("The storage cannot be reached")
        delay_s = self._delay_s()
        if delay_s > remaining_s():
            await sleep(remaining_s())
            raise Unavailable("The storage did not come to it in time")
        await sleep(delay_s)
        if self.is_cut or self._rng.random() < self.weather.fails:
            raise Unavailable("The storage has refused a connection")

    async def _way_back(self) -> None:
        await sleep(self._delay_s())
        if self.is_dead:
            await sleep_forever()

    def _delay_s(self) -> float:
        if self._rng.random() < self.weather.lags:
            return self._rng.random()
        return self._rng.random() * self.weather.delay_s
