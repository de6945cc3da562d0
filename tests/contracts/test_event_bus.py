"""What every EventBus promises, which is little."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import pytest
from anyio import Event, create_task_group, fail_after

from dialogue.adapters.bus.in_process import Exchange, InProcessBus
from dialogue.adapters.bus.postgresql import PostgresqlBus
from dialogue.adapters.bus.redis import RedisBus
from dialogue.application.ports.event_bus import EventBus

Pair = tuple[EventBus, EventBus]


class Listening:
    """Who hears, and can be waited for."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.connections = 0
        self._changed = Event()

    def connected(self) -> None:
        self.connections += 1
        self._changed.set()

    def receive(self, notice: bytes) -> None:
        self.heard.append(notice)
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        with fail_after(30):
            while not condition():
                self._changed = Event()
                await self._changed.wait()


@pytest.fixture(params=["in process", "redis", "postgresql"])
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    """Two buses that carry to one another, over the real servers."""
    if request.param == "in process":
        exchange = Exchange()
        yield InProcessBus(exchange), InProcessBus(exchange)
    elif request.param == "redis":
        url = request.getfixturevalue("valkey_server").url
        yield RedisBus(url), RedisBus(url)
    else:
        with request.getfixturevalue("postgresql_server").database() as url:
            yield PostgresqlBus(url), PostgresqlBus(url)


@asynccontextmanager
async def running(bus: EventBus) -> AsyncIterator[Listening]:
    """The bus, connected, with somebody who listens."""
    listening = Listening()
    async with create_task_group() as tasks:
        tasks.start_soon(bus.run, listening)
        await listening.until(lambda: listening.connections == 1)
        yield listening
        tasks.cancel_scope.cancel()


async def test_what_one_node_tells_the_other_hears(pair: Pair) -> None:
    one, other = pair
    async with running(one), running(other) as heard:
        assert one.is_heard
        one.publish('{"é": 1}'.encode())
        await heard.until(lambda: heard.heard == ['{"é": 1}'.encode()])


async def test_the_largest_notice_gets_through_whole(pair: Pair) -> None:
    one, other = pair
    assert one.max_size >= 7_900
    async with running(one), running(other) as heard:
        one.publish(b"x" * one.max_size)
        await heard.until(lambda: heard.heard == [b"x" * one.max_size])


async def test_publishing_before_the_start_and_after_the_end_is_harmless(pair: Pair) -> None:
    one, other = pair
    one.publish(b"nobody hears this")
    async with running(one):
        pass
    one.publish(b"nor this")
    async with running(other) as heard:
        assert heard.heard == []


async def test_a_bus_can_be_run_again(pair: Pair) -> None:
    one, other = pair
    for notice in (b"1", b"2"):
        async with running(one), running(other) as heard:
            one.publish(notice)
            await heard.until(lambda heard=heard, notice=notice: notice in heard.heard)  # type: ignore[misc]


async def test_alone_there_is_nobody_to_tell() -> None:
    bus = InProcessBus()
    assert not bus.is_heard
    async with running(bus) as heard:
        assert not bus.is_heard
        bus.publish(b"to nobody")
        assert heard.heard == []
