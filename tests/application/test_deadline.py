"""A deadline holds for what runs inside of it, in tasks too, and for nothing else."""

from __future__ import annotations

from math import inf
from time import monotonic

import pytest
from anyio import create_task_group

from dialogue.application.deadline import deadline, deadline_at, remaining_s

pytestmark = pytest.mark.anyio


def test_without_one_there_is_no_end() -> None:
    assert deadline() == remaining_s() == inf
    assert remaining_s(3.0) == 3.0


def test_what_remains_is_never_less_than_nothing_and_never_more_than_the_limit() -> None:
    with deadline_at(monotonic() - 1):
        assert remaining_s() == remaining_s(3.0) == 0
    with deadline_at(monotonic() + 100):
        assert 90 < remaining_s() <= 100
        assert remaining_s(3.0) == 3.0


async def test_tasks_inherit_it_and_may_enter_one_of_their_own() -> None:
    seen: list[float] = []

    async def inherit() -> None:
        seen.append(deadline())

    async def outlive() -> None:
        with deadline_at(inf):
            seen.append(deadline())
        seen.append(deadline())

    with deadline_at(5.0):
        async with create_task_group() as tasks:
            tasks.start_soon(inherit)
            tasks.start_soon(outlive)
        with deadline_at(2.0):
            assert deadline() == 2.0
        assert deadline() == 5.0
    assert seen == [5.0, inf, 5.0]
    assert deadline() == inf
