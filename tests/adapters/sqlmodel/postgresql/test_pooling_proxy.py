"""Behind a proxy that lends each transaction another connection everything works."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from anyio import create_task_group
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import create_async_engine

from dialogue import History, RoomConfig, create_dialogue, define_event
from dialogue.adapters.sqlmodel.postgresql.append_batch import COPIED_FROM
from dialogue.adapters.sqlmodel.postgresql.database import PostgresqlDatabase
from dialogue.adapters.sqlmodel.postgresql.engine import PostgresqlSettings
from dialogue.adapters.sqlmodel.postgresql.storage import PostgresqlStorage
from dialogue.domain.draft import Draft
from dialogue.domain.errors import Unavailable
from dialogue.domain.event import Event
from dialogue.domain.page import PageLimit

from ....support.appending import append
from ....support.cutting_proxy import Fate, cutting_proxy
from ....support.patience import wait_until
from ....support.pgbouncer import CONNECTIONS, needs_pgbouncer, pgbouncer
from ....support.postgresql import PostgresqlServer

pytestmark = [pytest.mark.anyio, needs_pgbouncer]

NOTE = define_event("note", history=History(limit=5))


@pytest.fixture
def through(postgresql_server: PostgresqlServer) -> Iterator[str]:
    """The URL of an empty database, by way of the proxy."""
    with postgresql_server.database() as url, pgbouncer(postgresql_server) as port:
        yield url.replace(f":{postgresql_server.port}/", f":{port}/")


async def test_two_nodes_start_publish_and_page_through_it(through: str, postgresql_server: PostgresqlServer) -> None:
    """More connections than the proxy has, all at once, and none of them leaves anything behind in those it is lent."""
    rooms = {f"room-{number}": RoomConfig(name="Room", events=[NOTE]) for number in range(10)}
    apps = [create_dialogue(database=through, rooms=rooms) for _ in range(2)]
    async with apps[0].lifespan(), apps[1].lifespan():
        assert not apps[0].container.postgresql_database().prepares

        async def publish(number: int) -> None:
            for _ in range(20):
                await apps[number % 2].trigger(f"room-{number % 10}", NOTE, number, sender="ada")

        async with create_task_group() as tasks:
            for number in range(20):
                tasks.start_soon(publish, number)
        for room_id in rooms:
            for app in apps:
                history = await app.container.storage().source.newer(room_id, None, 0, PageLimit(events=100))
                assert [event.seq for event in history] == list(range(1, 41))
                assert [event.event_seq for event in history] == list(range(1, 41))
    name = through.rpartition("/")[2]
    with psycopg.connect(postgresql_server.url(), autocommit=True) as connection:
        wait_until(lambda: all(each == ("idle", "") for each in _backends(connection, name)), 10, "something is left")
        assert 1 <= len(_backends(connection, name)) <= CONNECTIONS


def _backends(connection: psycopg.Connection, name: str) -> list[tuple[str, str]]:
    asked = "SELECT state, application_name FROM pg_stat_activity WHERE datname = %s"
    return connection.execute(asked, [name]).fetchall()


async def test_a_batch_large_enough_for_copy_goes_through_it(through: str) -> None:
    """Several at once: each COPY stays within the transaction that has the connection."""
    storage = PostgresqlStorage(PostgresqlDatabase(PostgresqlSettings(url=through)))
    async with storage.running():

        async def keep(room_id: str) -> None:
            epoch = (await storage.archive.open(room_id)).epoch
            draft = Draft(room_id=room_id, epoch=epoch, name="note", payload=b'{"n":1}', sender="ada")
            for _ in range(3):
                kept = await append(storage.archive, [draft] * (2 * COPIED_FROM), 1)
                assert all(isinstance(each, Event) for each in kept)

        async with create_task_group() as tasks:
            for number in range(2 * CONNECTIONS):
                tasks.start_soon(keep, f"room-{number}")
        for number in range(2 * CONNECTIONS):
            found = await storage.source.newer(f"room-{number}", None, 0, PageLimit(events=1_000))
            assert [event.seq for event in found] == list(range(1, 6 * COPIED_FROM + 1))


async def test_a_transaction_whose_answer_is_lost_is_found_behind_it(through: str) -> None:
    """The lost backend is one of the proxy's, and is found by the transaction's name."""
    async with cutting_proxy(int(through.rpartition("/")[0].rpartition(":")[2])) as proxy:
        url = re.sub(r":\d+/", f":{proxy.port}/", through)
        storage = PostgresqlStorage(PostgresqlDatabase(PostgresqlSettings(url=url)))
        async with storage.running():
            draft = Draft(
                room_id="room", epoch=(await storage.archive.open("room")).epoch, name="note", payload=b"1", sender="a"
            )
            fates = [Fate.UNANSWERED, Fate.LOST]
            proxy.decide = lambda sent: fates.pop() if fates and b"= 0; COMMIT\x00" in sent else Fate.PASSED
            with pytest.raises(Unavailable):
                await append(storage.archive, [draft], 1)
            [kept] = await append(storage.archive, [draft], 1)
            assert isinstance(kept, Event)
            assert kept.seq == 1
            assert fates == []


async def test_a_transaction_of_the_application_s_that_goes_through_it_keeps_an_event_too(
    through: str, postgresql_server: PostgresqlServer
) -> None:
    """More of them at once than the proxy has connections; and one that goes past the proxy, to the same database."""
    dialogue = create_dialogue(database=through, rooms={"shop": RoomConfig(name="Shop", events=[NOTE])})
    names = {"prepared_statement_name_func": lambda: f"shop-{uuid4()}", "statement_cache_size": 0}
    pooled = create_async_engine(through.replace("postgresql:", "postgresql+asyncpg:"), connect_args=names)
    past = through.rpartition(":")[0] + f":{postgresql_server.port}/" + through.rpartition("/")[2]
    direct = create_engine(past.replace("postgresql:", "postgresql+psycopg:"))

    async def order() -> None:
        async with pooled.begin() as connection:
            await dialogue.trigger("shop", NOTE, "by way of it", sender="till", within=connection)

    async with dialogue.lifespan():
        async with create_task_group() as tasks:
            for _ in range(2 * CONNECTIONS):
                tasks.start_soon(order)
        with direct.begin() as connection:
            last = dialogue.publish_within(connection, "shop", NOTE, "past it", sender="till").seq
        assert last == 2 * CONNECTIONS + 1
        await dialogue.container.apply().look("shop")
        assert (await dialogue.room("shop").position()).seq == last
    await pooled.dispose()
    direct.dispose()


async def test_a_bus_that_would_hear_nothing_is_told_of(through: str, caplog: pytest.LogCaptureFixture) -> None:
    """LISTEN needs a direct connection, which the bus may be given."""
    for bus, is_told in {"postgres": True, "none": False}.items():
        caplog.clear()
        # Without TLS: asyncpg leaves an error behind where its question for it is cut off, as by a stop at once.
        app = create_dialogue(database=f"{through}?sslmode=disable", settings={"bus": bus}, rooms={})
        async with app.lifespan():
            assert ("through which a bus hears nothing" in caplog.text) is is_told
