"""Publishing in a transaction of the application's own, from Python: with SQLAlchemy, asynchronous or not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any
from uuid import uuid4

import anyio
import pytest
from anyio import to_thread
from pydantic import BaseModel, Field
from sqlalchemy import Connection, Engine, String, create_engine, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.pool import NullPool

from dialogue import DialogueApp, Event, History, RoomConfig, RuntimeRooms, TransactionConflict, create_dialogue
from dialogue.domain.errors import (
    DialogueError,
    EventNotAllowed,
    Forbidden,
    InvalidEvent,
    InvalidRequest,
    RoomNotFound,
    Unavailable,
)
from dialogue.domain.event_definition import define_event

from ....support.patience import wait_until
from ....support.postgresql import PostgresqlServer
from ....support.shared_postgresql import database_with_tables
from ..postgresql_migrating import query

PATIENCE_S = 20.0


class Order(BaseModel):
    """What the shop's members are told."""

    number: int
    receipt: str = Field(default_factory=lambda: uuid4().hex)


ordered = define_event("ordered", schema=Order, history=History(limit=10))
anything = define_event("anything", history=History(limit=0))
seen = define_event("seen")


class Base(DeclarativeBase):
    """The application's own tables."""


class OrderRow(Base):
    """An order, as the application keeps it."""

    __tablename__ = "orders"

    number: Mapped[int] = mapped_column(primary_key=True)
    buyer: Mapped[str] = mapped_column(String(100))


def shop(url: str) -> DialogueApp:
    """An application whose history is in the database at `url`."""
    events = [ordered, anything, seen]
    return create_dialogue(
        database=url,
        rooms={"shop": RoomConfig(name="Shop", events=events), "cellar": RoomConfig(name="Cellar", events=events)},
        runtime_rooms=RuntimeRooms(events=[ordered]),
    )


@pytest.fixture
def url() -> Iterator[str]:
    """A database with Dialogue's tables and the application's."""
    with database_with_tables() as url:
        made = engine_of(url)
        Base.metadata.create_all(made)
        made.dispose()
        yield url


def engine_of(url: str) -> Engine:
    """The application's own engine, over another driver than Dialogue's."""
    return create_engine(url.replace("postgresql://", "postgresql+psycopg://"), poolclass=NullPool)


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """The application's own engine."""
    made = engine_of(url)
    yield made
    made.dispose()


@pytest.fixture
async def async_engine(url: str) -> AsyncIterator[AsyncEngine]:
    """The application's own asynchronous engine."""
    made = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://"))
    yield made
    await made.dispose()


@pytest.fixture
async def dialogue(url: str) -> AsyncIterator[DialogueApp]:
    """The application, running."""
    app = shop(url)
    async with app.lifespan():
        yield app


async def kept(dialogue: DialogueApp, room_id: str = "shop") -> list[tuple[int | None, Any]]:
    """Seq and data of all events of a room, as this node shows them, oldest first."""
    await dialogue.container.apply().look(room_id)
    events = [*await dialogue.room(room_id).history(ordered), *await dialogue.room(room_id).history(anything)]
    return sorted((event.seq, event.json.get("number") if event.name == "ordered" else event.json) for event in events)


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


NO_META: Any = []

REFUSED: dict[str, tuple[type[DialogueError], Callable[[DialogueApp, Connection], object]]] = {
    "a room that is not there": (
        RoomNotFound,
        lambda app, connection: app.publish_within(connection, "gone", "nothing", 1, sender="ada"),
    ),
    "an event that is not the room's": (
        EventNotAllowed,
        lambda app, connection: app.publish_within(connection, "shop", "nothing", 1, sender="ada"),
    ),
    "a reserved name": (
        EventNotAllowed,
        lambda app, connection: app.publish_within(connection, "shop", "dialogue.redacted", 1, sender="ada"),
    ),
    "an event without history": (
        EventNotAllowed,
        lambda app, connection: app.publish_within(connection, "shop", seen, 1, sender="ada"),
    ),
    "what the schema does not take": (
        InvalidEvent,
        lambda app, connection: app.publish_within(connection, "shop", ordered, {"number": "x"}, sender="ada"),
    ),
    "too much": (
        InvalidEvent,
        lambda app, connection: app.publish_within(connection, "shop", anything, "x" * (2 << 20), sender="ada"),
    ),
    "no sender": (
        InvalidRequest,
        lambda app, connection: app.publish_within(connection, "shop", anything, 1, sender=""),
    ),
    "no key": (
        InvalidRequest,
        lambda app, connection: app.publish_within(connection, "shop", anything, 1, sender="ada", key=""),
    ),
    "meta that is none": (
        InvalidEvent,
        lambda app, connection: app.publish_within(connection, "shop", anything, 1, sender="ada", meta=NO_META),
    ),
}


@pytest.mark.parametrize("refused", REFUSED)
async def test_what_python_refuses_leaves_the_transaction_as_it_is(
    dialogue: DialogueApp, engine: Engine, refused: str
) -> None:
    error, publish = REFUSED[refused]
    with engine.begin() as connection:
        with pytest.raises(error):
            publish(dialogue, connection)
        dialogue.publish_within(connection, "shop", ordered, {"number": 1}, sender="ada")
    assert await kept(dialogue) == [(1, 1)]


@pytest.mark.parametrize("value", [1e300, -1.5e20, 1e16, 2.5, 1e-7, {"1e5": '1e5 "\\', "a": [1e300, 1e22]}], ids=repr)
async def test_numbers_come_back_as_they_were(dialogue: DialogueApp, engine: Engine, value: object) -> None:
    with engine.begin() as connection:
        dialogue.publish_within(connection, "shop", anything, value, sender="ada", meta={"value": value})
    await dialogue.trigger("shop", anything, value, sender="ada", meta={"value": value})
    within, past = await dialogue.room("shop").history(anything)
    assert (within.payload, within.meta, within.json) == (past.payload, past.meta, value)


async def test_a_transaction_at_another_level_is_refused(dialogue: DialogueApp, async_engine: AsyncEngine) -> None:
    engine = async_engine.execution_options(isolation_level="REPEATABLE READ")
    async with engine.connect() as connection:
        with pytest.raises(InvalidRequest, match=r"within: .*must be at READ COMMITTED, not at REPEATABLE READ"):
            await dialogue.trigger("shop", ordered, {"number": 1}, sender="ada", within=connection)


async def test_a_connection_that_commits_by_itself_is_refused(
    dialogue: DialogueApp, engine: Engine, async_engine: AsyncEngine
) -> None:
    async with async_engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        with pytest.raises(InvalidRequest, match="within: is at AUTOCOMMIT"):
            await dialogue.trigger("shop", ordered, {"number": 1}, sender="ada", within=connection)
    by_itself = create_engine(engine.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with by_itself.connect() as other, pytest.raises(InvalidRequest, match="within: is at AUTOCOMMIT"):
        dialogue.publish_within(other, "shop", ordered, {"number": 1}, sender="ada")
    assert await kept(dialogue) == []


async def test_another_database_is_refused_be_it_one_of_dialogue_s_or_not(
    dialogue: DialogueApp, engine: Engine
) -> None:
    with database_with_tables() as copy:
        other = shop(copy)
        async with other.lifespan():
            pass
        there = engine_of(copy)
        with there.connect() as connection, pytest.raises(InvalidRequest, match="within: is not connected to this"):
            dialogue.publish_within(connection, "shop", ordered, {"number": 1}, sender="ada")
        with there.begin() as connection:
            assert other.publish_within(connection, "shop", ordered, {"number": 1}, sender="ada").seq == 1
    empty = create_engine(engine.url.set(database="postgres"), poolclass=NullPool)
    with empty.connect() as connection, pytest.raises(InvalidRequest, match="it has no function dialogue_publish"):
        dialogue.publish_within(connection, "shop", ordered, {"number": 1}, sender="ada")
    sqlite = create_engine("sqlite://")
    with sqlite.connect() as connection, pytest.raises(InvalidRequest, match="within: is connected to sqlite"):
        dialogue.publish_within(connection, "shop", ordered, {"number": 1}, sender="ada")


async def test_a_database_that_was_made_anew_is_found_at_the_next_attempt(
    postgresql_server: PostgresqlServer, url: str, engine: Engine
) -> None:
    worker, name = shop(url), url.rpartition("/")[2]
    async with shop(url).lifespan():
        pass
    with engine.begin() as connection:
        worker.publish_within(connection, "shop", ordered, {"number": 1}, sender="ada")
    with database_with_tables() as copy:
        async with shop(copy).lifespan():
            pass
        query(postgresql_server.url(), f"DROP DATABASE {name} WITH (FORCE)")
        postgresql_server.make_database(name, copy.rpartition("/")[2])
    with engine.connect() as connection, pytest.raises(InvalidRequest, match="is not connected to this"):
        worker.publish_within(connection, "shop", ordered, {"number": 1}, sender="ada")
    with engine.begin() as connection:
        assert worker.publish_within(connection, "shop", ordered, {"number": 1}, sender="ada").seq == 1


async def test_what_is_no_connection_is_refused(
    dialogue: DialogueApp, engine: Engine, async_engine: AsyncEngine
) -> None:
    async with async_engine.connect() as connection:
        wrong: Any
        for wrong in (connection, engine, "postgresql://", None):
            with pytest.raises(InvalidRequest, match="within: must be a Connection or Session of SQLAlchemy"):
                dialogue.publish_within(wrong, "shop", ordered, {"number": 1}, sender="ada")
    with engine.connect() as other:
        for wrong in (other, async_engine, 1):
            with pytest.raises(InvalidRequest, match="within: must be an AsyncConnection or AsyncSession"):
                await dialogue.trigger("shop", ordered, {"number": 1}, sender="ada", within=wrong)


@pytest.mark.parametrize("database", ["memory://", "sqlite:///{folder}/chat.db"])
async def test_without_postgresql_it_is_refused_with_the_reason(
    database: str, engine: Engine, tmp_path_factory: pytest.TempPathFactory
) -> None:
    app = shop(database.format(folder=tmp_path_factory.mktemp("sqlite")))
    async with app.lifespan():
        with (
            engine.connect() as connection,
            pytest.raises(InvalidRequest, match="needs the history in PostgreSQL"),
        ):
            app.publish_within(connection, "shop", ordered, {"number": 1}, sender="ada")


@contextmanager
def role(engine: Engine) -> Iterator[str]:
    """A role that may log in, and nothing else."""
    name = f"clerk_{engine.url.database}"
    with engine.begin() as connection:
        connection.execute(text(f"CREATE ROLE {name} LOGIN"))
    try:
        yield name
    finally:
        with engine.begin() as connection:
            connection.execute(text(f"DROP OWNED BY {name}"))
            connection.execute(text(f"DROP ROLE {name}"))


async def test_whoever_is_connected_needs_the_right_to_publish_and_no_other(
    dialogue: DialogueApp, engine: Engine
) -> None:
    with role(engine) as name:
        clerks = create_engine(engine.url.set(username=name), poolclass=NullPool)
        with clerks.connect() as connection, pytest.raises(Forbidden, match="GRANT EXECUTE ON FUNCTION"):
            dialogue.publish_within(connection, "shop", ordered, {"number": 1}, sender="ada")
        with engine.begin() as connection:
            connection.execute(text(f"GRANT EXECUTE ON FUNCTION dialogue_publish TO {name}"))
        with clerks.begin() as connection:
            assert dialogue.publish_within(connection, "shop", ordered, {"number": 1}, sender="ada").seq == 1
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
