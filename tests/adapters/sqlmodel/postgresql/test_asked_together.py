"""What many ask at the same time is one statement, and nobody is given another one's trouble."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from anyio import CancelScope, create_task_group, fail_after
from anyio import Event as Signal
from anyio.lowlevel import checkpoint

from dialogue.adapters.sqlmodel.postgresql.asked_together import AskedTogether
from dialogue.domain.errors import Unavailable

pytestmark = pytest.mark.anyio


class Numbers:
    """Doubles numbers, when the gate is open; `failing` of the questions fail."""

    def __init__(self, failing: int = 0) -> None:
        self.asked: list[list[int]] = []
        self.gate = Signal()
        self.failing = failing
        self.double = AskedTogether[int, int](self._ask, 3)
        self.told: dict[int, int] = {}

    async def _ask(self, numbers: Sequence[int]) -> list[int]:
        self.asked.append(list(numbers))
        await self.gate.wait()
        if len(self.asked) <= self.failing:
            raise Unavailable("not now")
        return [2 * number for number in numbers]

    async def tell(self, number: int) -> None:
        self.told[number] = await self.double(number)


async def test_what_is_asked_in_one_turn_and_what_comes_meanwhile_goes_together() -> None:
    numbers = Numbers()
    with fail_after(30):
        async with create_task_group() as tasks:
            tasks.start_soon(numbers.tell, 1)
            tasks.start_soon(numbers.tell, 2)
            while not numbers.asked:
                await checkpoint()
            for number in (3, 4, 5, 6):
                tasks.start_soon(numbers.tell, number)
            for _ in range(10):
                await checkpoint()
            assert numbers.asked == [[1, 2]], "it is older than the question"
            numbers.gate.set()
    assert numbers.asked == [[1, 2], [3, 4, 5], [6]]
    assert numbers.told == {number: 2 * number for number in range(1, 7)}


async def test_where_it_fails_one_is_told_and_the_others_ask_again() -> None:
    numbers = Numbers(failing=1)
    numbers.gate.set()
    failed: list[int] = []

    async def tell(number: int) -> None:
        try:
            await numbers.tell(number)
        except Unavailable:
            failed.append(number)

    with fail_after(30):
        async with create_task_group() as tasks:
            for number in (1, 2):
                tasks.start_soon(tell, number)
    assert failed == [1]
    assert numbers.told == {2: 4}
    assert numbers.asked == [[1, 2], [2]]


async def test_where_the_one_who_asks_is_cancelled_another_one_asks() -> None:
    numbers = Numbers()
    scope = CancelScope()

    async def tell() -> None:
        with scope:
            await numbers.tell(1)

    with fail_after(30):
        async with create_task_group() as tasks:
            tasks.start_soon(tell)
            tasks.start_soon(numbers.tell, 2)
            while not numbers.asked:
                await checkpoint()
            scope.cancel()
            numbers.gate.set()
    assert numbers.asked == [[1, 2], [2]]
    assert numbers.told == {2: 4}
