"""Transactions of the application's own that publish at once, with one another and with a node."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import anyio
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from dialogue import DialogueApp, TransactionConflict

from .shop import PATIENCE_S, anything, kept, ordered


async def test_a_key_that_many_use_at_once_is_kept_once(dialogue: DialogueApp, async_engine: AsyncEngine) -> None:
    seqs: list[int | None] = []

    async def order(*, through_the_node: bool) -> None:
        publish = partial(dialogue.trigger, "shop", ordered, {"number": 1}, sender="ada", key="1")
        if through_the_node:
            event = await publish()
        else:
            async with async_engine.begin() as connection:
                event = await publish(within=connection)
        seqs.append(event.seq)

    async with anyio.create_task_group() as tasks:
        for number in range(12):
            tasks.start_soon(partial(order, through_the_node=number % 3 == 0))
    assert seqs == [1] * 12
    assert await kept(dialogue) == [(1, 1)]


async def test_two_that_publish_in_opposite_order_are_told_to_try_again_and_succeed(
    dialogue: DialogueApp, async_engine: AsyncEngine
) -> None:
    """One of them at least; the other one is not harmed."""
    conflicts: list[TransactionConflict] = []
    both_hold_one = Barrier(2)

    async def order(number: int, *room_ids: str) -> None:
        async with async_engine.begin() as connection:
            for room_id in room_ids:
                await dialogue.trigger(room_id, ordered, {"number": number}, sender="ada", within=connection)
                await both_hold_one.wait()

    async def until_kept(publish: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                return await publish()
            except TransactionConflict as error:
                conflicts.append(error)

    with anyio.fail_after(PATIENCE_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(until_kept, partial(order, 1, "shop", "cellar"))
            tasks.start_soon(until_kept, partial(order, 2, "cellar", "shop"))
    assert conflicts
    assert (conflicts[0].code, "try it again" in conflicts[0].message) == ("TRANSACTION_CONFLICT", True)
    assert "a deadlock" in conflicts[0].message
    for room_id in ("shop", "cellar"):
        assert sorted(number for _, number in await kept(dialogue, room_id)) == [1, 2]
        assert [seq for seq, _ in await kept(dialogue, room_id)] == [1, 2]


class Barrier:
    """Lets nobody through until so many have come, and everybody after that."""

    def __init__(self, count: int) -> None:
        self._missing = count
        self._all_there = anyio.Event()

    async def wait(self) -> None:
        """Come, and wait for the others."""
        self._missing -= 1
        if self._missing <= 0:
            self._all_there.set()
        await self._all_there.wait()


async def test_a_lock_that_is_not_free_in_time_is_told_likewise(
    dialogue: DialogueApp, async_engine: AsyncEngine
) -> None:
    async with async_engine.begin() as holder, async_engine.connect() as other:
        await dialogue.trigger("shop", ordered, {"number": 1}, sender="ada", within=holder)
        await other.execute(text("SET LOCAL lock_timeout = '50ms'"))
        with pytest.raises(TransactionConflict, match="a lock that was not free in time"):
            await dialogue.trigger("shop", ordered, {"number": 2}, sender="ada", within=other)


async def test_the_order_of_commits_is_the_order_of_places_whoever_publishes(
    dialogue: DialogueApp, url: str, async_engine: AsyncEngine
) -> None:
    """And every reader sees a run without a hole at every moment."""
    each, writers = 25, 4
    is_over = False

    async def through_the_node(writer: int) -> None:
        for number in range(each):
            await dialogue.trigger("shop", anything, [writer, number], sender="node")

    async def within(writer: int) -> None:
        for number in range(each):
            async with async_engine.connect() as connection:
                await dialogue.trigger("shop", anything, [writer, number], sender="app", within=connection)
                await (connection.rollback() if number % 5 == 4 else connection.commit())

    async def read() -> None:
        while not is_over:
            await assert_contiguous()

    async def assert_contiguous() -> int:
        async with async_engine.connect() as connection:
            found = await connection.execute(text("SELECT seq FROM messages WHERE room_id = 'shop' ORDER BY seq"))
            seqs = [*found.scalars()]
        assert seqs == [*range(1, len(seqs) + 1)]
        return len(seqs)

    async with anyio.create_task_group() as readers:
        readers.start_soon(read)
        async with anyio.create_task_group() as tasks:
            for writer in range(writers):
                tasks.start_soon(within, writer)
                tasks.start_soon(through_the_node, writers + writer)
        is_over = True
    count = writers * (each + each * 4 // 5)
    assert await assert_contiguous() == count
    events = await dialogue.room("shop").history(anything, 0, 1_000)
    assert [event.event_seq for event in events] == [*range(count, 0, -1)]
    assert [event.timestamp_ms for event in events] == sorted((event.timestamp_ms for event in events), reverse=True)
    for writer in range(2 * writers):
        numbers = [event.json[1] for event in reversed(events) if event.json[0] == writer]
        assert numbers == [number for number in range(each) if writer >= writers or number % 5 != 4]


@asynccontextmanager
async def published(dialogue: DialogueApp, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction that has published in the shop and is not over."""
    async with engine.begin() as connection:
        await dialogue.trigger("shop", ordered, {"number": 1}, sender="ada", within=connection)
        yield connection


async def test_while_it_is_open_rooms_are_read_others_published_in_and_who_publishes_there_waits(
    dialogue: DialogueApp, async_engine: AsyncEngine
) -> None:
    answers: list[int | None] = []

    async def publish(number: int) -> None:
        answers.append((await dialogue.trigger("shop", ordered, {"number": number}, sender="ada")).seq)

    async with anyio.create_task_group() as tasks, published(dialogue, async_engine):
        for number in (2, 3):
            tasks.start_soon(publish, number)
            for _ in range(5):
                await dialogue.trigger("cellar", ordered, {"number": number}, sender="ada")
        assert answers == []
        assert await kept(dialogue) == []
    assert sorted(answers, key=str) == [2, 3]
    assert [seq for seq, _ in await kept(dialogue)] == [1, 2, 3]
    assert [seq for seq, _ in await kept(dialogue, "cellar")] == [*range(1, 11)]
