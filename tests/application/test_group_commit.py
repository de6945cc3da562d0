"""Group commit, whatever is kept by it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from anyio import CancelScope, create_task_group
from anyio import Event as Signal
from anyio.lowlevel import checkpoint

from dialogue.application.group_commit import GroupCommit

pytestmark = pytest.mark.anyio


class Kept:
    """Keeps numbers, at most three at once, when the gate is open."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.gate = Signal()
        self.inside = 0
        self.commits = GroupCommit[int](lambda waiting: min(len(waiting), 3), self.keep)

    async def keep(self, batch: Sequence[int]) -> None:
        self.inside += 1
        assert self.inside == 1, "two batches are in flight"
        try:
            await self.gate.wait()
        finally:
            self.inside -= 1
        self.batches.append(list(batch))


async def test_what_comes_while_a_batch_is_in_flight_is_the_next_and_one_is_in_flight() -> None:
    kept = Kept()
    async with create_task_group() as tasks:
        for number in range(5):
            kept.commits.add(number)
            tasks.start_soon(kept.commits.commit)
            await checkpoint()
        kept.gate.set()
    assert kept.batches == [[0], [1, 2, 3], [4]]
    assert not kept.commits.waiting


async def test_a_batch_whose_keeper_is_cancelled_waits_again_and_before_all_others() -> None:
    kept = Kept()
    with CancelScope() as scope:
        async with create_task_group() as tasks:
            kept.commits.add(1)
            tasks.start_soon(kept.commits.commit)
            await checkpoint()
            await checkpoint()
            kept.commits.add(2)
            scope.cancel()
    assert list(kept.commits.waiting) == [1, 2]
    kept.gate.set()
    await kept.commits.commit()
    assert kept.batches == [[1, 2]]


async def test_what_is_dropped_is_not_kept() -> None:
    kept = Kept()
    kept.gate.set()
    for number in range(4):
        kept.commits.add(number)
    assert kept.commits.drop(lambda number: number % 2 == 0) == [0, 2]
    await kept.commits.commit()
    await kept.commits.commit()
    assert kept.batches == [[1, 3]]
