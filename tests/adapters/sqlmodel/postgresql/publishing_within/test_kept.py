"""What is published in a transaction of the application's own is kept with it, or not at all."""

from __future__ import annotations

from functools import partial

import pytest
from anyio import to_thread
from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import Session

from dialogue import DialogueApp, Event
from dialogue.domain.errors import (
    EventNotAllowed,
    InvalidRequest,
    RoomNotFound,
    Unavailable,
)

from .....support.patience import wait_until
from .shop import PATIENCE_S, Order, OrderRow, anything, kept, ordered, shop


async def test_it_is_seen_when_the_transaction_commits_and_not_before_and_calls_no_handler(
    url: str, async_engine: AsyncEngine
) -> None:
    dialogue = shop(url)
    told: list[Event[Order]] = []
    dialogue.on("shop", ordered, told.append)
    async with dialogue.lifespan():
        await dialogue.room("shop").position()
        async with async_engine.begin() as connection:
            event = await dialogue.trigger("shop", ordered, Order(number=1), sender="till", within=connection)
            assert (event.seq, event.data.number, event.sender, event.epoch) == (1, 1, "till", None)
            assert await kept(dialogue) == []
        assert await kept(dialogue) == [(1, 1)]
        own = await dialogue.trigger("shop", ordered, Order(number=2), sender="till")
        await told_of(told, 1)
    assert [(each.seq, each.data) for each in told] == [(own.seq, own.data)]  # the application knows of its own orders


async def told_of(told: list[Event[Order]], count: int) -> None:
    """Wait until handlers were told of that many events."""
    await to_thread.run_sync(wait_until, lambda: len(told) >= count, PATIENCE_S, "no handler was told")


async def test_it_has_its_place_at_once_and_is_read_when_the_transaction_commits(
    dialogue: DialogueApp, async_engine: AsyncEngine
) -> None:
    async with async_engine.begin() as connection:
        event = await dialogue.trigger("shop", ordered, Order(number=1), sender="till", within=connection)
        assert (event.seq, event.data.number, event.sender, event.epoch) == (1, 1, "till", None)
        assert await kept(dialogue) == []
    assert await kept(dialogue) == [(1, 1)]
    [read] = await dialogue.room("shop").history(ordered)
    assert (read.seq, read.timestamp_ms, read.data, read.event_seq) == (1, event.timestamp_ms, event.data, 1)


async def test_a_roll_back_leaves_no_hole_and_the_next_event_gets_the_number(
    dialogue: DialogueApp, async_engine: AsyncEngine
) -> None:
    async with async_engine.connect() as connection:
        for number in range(3):
            event = await dialogue.trigger("shop", ordered, Order(number=number), sender="till", within=connection)
            assert event.seq == number + 1
        await connection.rollback()
    assert (await dialogue.trigger("shop", ordered, Order(number=7), sender="till")).seq == 1
    assert await kept(dialogue) == [(1, 7)]


async def test_an_order_and_its_event_are_kept_together_or_neither(
    dialogue: DialogueApp, async_engine: AsyncEngine
) -> None:
    async def order(number: int) -> None:
        async with AsyncSession(async_engine) as session, session.begin():
            session.add(OrderRow(number=number, buyer="ada"))
            await dialogue.trigger("shop", ordered, Order(number=number), sender="ada", within=session)

    await order(1)
    with pytest.raises(IntegrityError):  # the order is written before its event takes a place
        await order(1)
    async with AsyncSession(async_engine) as session:
        session.add(OrderRow(number=2, buyer="ada"))
        await dialogue.trigger("shop", ordered, Order(number=2), sender="ada", within=session)
        await session.rollback()
    await order(3)
    async with AsyncSession(async_engine) as session:
        assert [*await session.scalars(select(OrderRow.number).order_by(OrderRow.number))] == [1, 3]
    assert await kept(dialogue) == [(1, 1), (2, 3)]


async def test_code_that_is_not_asynchronous_does_likewise_over_any_driver(
    dialogue: DialogueApp, engine: Engine
) -> None:
    def order(number: int, *, is_paid: bool) -> int | None:
        with Session(engine) as session:
            session.add(OrderRow(number=number, buyer="ada"))
            event = dialogue.publish_within(session, "shop", ordered, Order(number=number), sender="ada")
            session.commit() if is_paid else session.rollback()
            return event.seq

    assert await to_thread.run_sync(partial(order, 1, is_paid=True)) == 1
    assert await to_thread.run_sync(partial(order, 2, is_paid=False)) == 2
    assert order(3, is_paid=True) == 2  # also in the loop's own thread
    with engine.begin() as connection:
        assert connection.execute(select(OrderRow.number).order_by(OrderRow.number)).scalars().all() == [1, 3]
        assert dialogue.publish_within(connection, "shop", "anything", [1], sender="ada", meta={"a": 1}).seq == 3
    assert await kept(dialogue) == [(1, 1), (2, 3), (3, [1])]


async def test_no_node_has_to_run_in_this_process(url: str, engine: Engine, async_engine: AsyncEngine) -> None:
    worker = shop(url)
    with engine.connect() as connection, pytest.raises(Unavailable, match="No server of this application"):
        worker.publish_within(connection, "shop", ordered, {"number": 1}, sender="ada")
    async with shop(url).lifespan():
        pass
    with engine.begin() as connection:
        assert worker.publish_within(connection, "shop", ordered, {"number": 1}, sender="ada").seq == 1
    async with async_engine.begin() as other:
        assert (await worker.trigger("shop", ordered, {"number": 2}, sender="ada", within=other)).seq == 2
    async with shop(url).lifespan() as _:
        pass


async def test_a_room_made_at_run_time_is_found_also_where_this_process_does_not_know_it(
    url: str, dialogue: DialogueApp, engine: Engine
) -> None:
    worker = shop(url)
    with engine.connect() as connection, pytest.raises(RoomNotFound):
        worker.publish_within(connection, "made", ordered, {"number": 1}, sender="ada")
    await dialogue.create_room("made", "Made")
    with engine.begin() as connection:
        assert worker.publish_within(connection, "made", ordered, {"number": 1}, sender="ada").seq == 1
    await dialogue.create_room("bare", "Bare", event_names=[])
    with engine.connect() as connection, pytest.raises(EventNotAllowed) as refused:
        worker.publish_within(connection, "bare", ordered, {"number": 1}, sender="ada")
    assert refused.value.allowed == ()


async def test_a_key_is_kept_once_over_both_ways(dialogue: DialogueApp, async_engine: AsyncEngine) -> None:
    """What was sent is compared, and not the receipt that the schema makes anew each time."""
    first = await dialogue.trigger("shop", ordered, {"number": 1}, sender="ada", key="1")
    async with async_engine.begin() as connection:
        publish = partial(dialogue.trigger, "shop", ordered, sender="ada", within=connection)
        repeat = await publish({"number": 1}, key="1")
        assert (repeat.seq, repeat.timestamp_ms) == (1, first.timestamp_ms)
        assert (await publish({"number": 2}, key="2")).seq == 2
        assert (await publish({"number": 2}, key="2")).seq == 2
        with pytest.raises(InvalidRequest) as refused:
            async with connection.begin_nested():
                await publish({"number": 3}, key="2")
        assert [problem.path for problem in refused.value.problems] == ["key"]
    assert (await dialogue.trigger("shop", ordered, {"number": 2}, sender="ada", key="2")).seq == 2
    assert await kept(dialogue) == [(1, 1), (2, 2)]


async def test_numbers_come_back_as_they_were(dialogue: DialogueApp, engine: Engine) -> None:
    for value in (1e300, -1.5e20, 1e16, 2.5, 1e-7, {"1e5": '1e5 "\\', "a": [1e300, 1e22]}):
        with engine.begin() as connection:
            dialogue.publish_within(connection, "shop", anything, value, sender="ada", meta={"value": value})
        await dialogue.trigger("shop", anything, value, sender="ada", meta={"value": value})
        past, within = await dialogue.room("shop").history(anything, 0, 2)
        assert (within.payload, within.meta, within.json) == (past.payload, past.meta, value)
