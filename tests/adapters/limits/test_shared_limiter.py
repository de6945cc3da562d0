"""Limits that several nodes keep together by way of Redis, and each for itself while it is away."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from anyio import create_task_group, fail_after
from anyio.lowlevel import checkpoint

from dialogue.adapters.limits import shared_limiter
from dialogue.adapters.limits.local_limiter import LocalLimiter
from dialogue.adapters.limits.shared_limiter import SharedLimiter
from dialogue.application.ports.rate_limiter import Action
from dialogue.domain.errors import ConfigurationError
from dialogue.domain.rate import Rate

from ...support.valkey import ValkeyServer, valkey

pytestmark = pytest.mark.anyio
HOUR = 3600.0
DEADLINE_S = 60


@asynccontextmanager
async def nodes(url: str, count: int, action: Action, rate: Rate) -> Any:
    """So many nodes that count together."""
    async with AsyncExitStack() as stack:
        tasks = await stack.enter_async_context(create_task_group())
        made = [SharedLimiter(LocalLimiter({action: [rate]}, 10), url) for _ in range(count)]
        for each in made:
            tasks.start_soon(each.run)
        yield made
        tasks.cancel_scope.cancel()


async def refused(limiter: SharedLimiter, action: Action, user_id: str) -> float:
    """Wait until the user is refused, without spending what would be refused by itself."""
    await until(lambda: limiter.take(action, user_id, None) > 0)
    return limiter.take(action, user_id, None)


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for what Redis answers."""
    with fail_after(DEADLINE_S):
        while not is_so():
            await checkpoint()


@pytest.mark.parametrize("place", ["hunter@host/0?nonsense=1", "hunter@host:nonsense", "hun#ter@host/1", "hunter@[::1"])
def test_of_an_address_that_is_none_no_password_is_told(place: str) -> None:
    with pytest.raises(ConfigurationError, match="limit_store") as refused:
        SharedLimiter(LocalLimiter({}, 1), f"redis://:{place}")
    assert "hun" not in str(refused.value)


async def test_what_one_node_let_through_the_others_count(valkey_server: ValkeyServer) -> None:
    async with nodes(valkey_server.url, 3, "joins", Rate(1_000, HOUR)) as (one, other, third):
        assert one.take("joins", "together", None, 600) == 0
        assert other.take("joins", "together", None, 600) == 0
        for each in (one, other):
            assert await refused(each, "joins", "together") <= HOUR + 4
        assert third.take("joins", "together", None, 100) == 0  # it hears of it when it has something to tell
        assert await refused(third, "joins", "together") > 0
        assert one.take("joins", "another", None) == 0


async def test_an_event_is_never_waited_for_and_few_go_to_redis(
    valkey_server: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundredth of the limit is not told at all; a tenth is, in one word."""
    told: list[int] = []
    async with nodes(valkey_server.url, 1, "events", Rate(100, HOUR)) as (limiter,):
        hit = limiter._strategy.hit

        async def counting(*arguments: Any, cost: int) -> bool:
            told.append(cost)
            return bool(await hit(*arguments, cost=cost))

        monkeypatch.setattr(limiter._strategy, "hit", counting)
        for _ in range(9):
            limiter.take("events", "quiet", None)
        for _ in range(20):
            limiter.take("events", "busy", None)
        await until(lambda: told != [])
        assert told == [20]
        for _ in range(20):
            limiter.take("events", "quiet", None)
        await until(lambda: len(told) > 1)
        assert told == [20, 29]


@pytest.fixture
def own_valkey() -> Iterator[ValkeyServer]:
    """One that may be stopped."""
    with valkey() as server:
        yield server


async def test_while_redis_is_away_each_node_keeps_the_limits_and_says_so_once(
    own_valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(shared_limiter, "PAUSE_S", 0.05)
    caplog.set_level(logging.WARNING, "dialogue.limits")

    def said(text: str) -> int:
        return sum(text in record.getMessage() for record in caplog.records)

    async with nodes(own_valkey.url, 2, "joins", Rate(20, HOUR)) as (one, other):
        own_valkey.stop()
        for each in (one, other):
            assert [each.take("joins", "ada", None) == 0 for _ in range(21)] == [True] * 20 + [False]
        await until(lambda: said("each node for itself") == 2)
        for number in range(100):
            assert one.take("joins", f"user-{number}", None, 10) == 0
        own_valkey.start()
        await until(lambda: said("over all nodes again") == 2)
        assert said("each node for itself") == 2
        assert one.take("joins", "later", None, 20) == 0
        assert other.take("joins", "later", None, 10) == 0
        assert await refused(other, "joins", "later") > 0


async def test_more_users_than_are_remembered_take_no_memory_without_end(
    valkey_server: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_limiter, "MAX_SUBJECTS", 100)
    limiter = SharedLimiter(LocalLimiter({"events": [Rate(1_000, HOUR)]}, 10), valkey_server.url)
    for number in range(10_000):
        limiter.take("events", f"user-{number}", None)
    assert len(limiter._untold) <= 101
