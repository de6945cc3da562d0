"""A server that goes away and comes back, and what the errors of one mean."""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic

import asyncpg
import psycopg
import pytest
from anyio import create_task_group, fail_after
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from dialogue import History, RoomConfig, create_dialogue, define_event
from dialogue.adapters.sqlmodel.postgresql.database import PostgresqlDatabase
from dialogue.adapters.sqlmodel.postgresql.engine import PostgresqlSettings
from dialogue.adapters.sqlmodel.postgresql.refusals import refusals
from dialogue.adapters.sqlmodel.postgresql.unavailable import condition, is_connection_lost
from dialogue.application.deadline import deadline_at
from dialogue.domain.errors import ConfigurationError, Unavailable
from dialogue.domain.ports.history_archive import SpoiledBatch

from ....support.cutting_proxy import CuttingProxy
from ....support.postgresql import PostgresqlServer, postgresql

pytestmark = pytest.mark.anyio

END_ALL = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
NOTE = define_event("note", history=History(limit=5))


@pytest.fixture
def own_server() -> Iterator[PostgresqlServer]:
    with postgresql(durable=True) as server:
        server.make_database("shop")
        yield server


@pytest.mark.parametrize("how", ["stop", "kill"])
async def test_a_server_that_was_away_is_used_again_at_once(how: str, own_server: PostgresqlServer) -> None:
    """All of the connections that were open are dead then; none of them costs anybody a request."""
    app = create_dialogue(database=own_server.url("shop"), rooms={"room": RoomConfig(name="Room", events=[NOTE])})
    async with app.lifespan():

        async def publish(number: int) -> None:
            await app.trigger("room", NOTE, number, sender="ada")

        async def read() -> None:
            await app.container.storage().source.seq_at("room", 0)

        for round_ in range(2):
            async with create_task_group() as tasks:
                for number in range(20):
                    tasks.start_soon(publish, number)
                    tasks.start_soon(read)
            if round_ == 0:
                getattr(own_server, how)()
                with fail_after(30), pytest.raises(Unavailable):
                    await publish(-1)
                with pytest.raises(Unavailable):
                    await app.container.storage().check()
                own_server.start()
        await app.container.storage().check()
        events = await app.room("room").history(NOTE, 0, 100)
        assert [event.seq for event in events] == list(range(40, 0, -1))
        assert sorted(event.data for event in events) == sorted([*range(20)] * 2)


async def test_where_nothing_is_heard_everybody_is_told_in_time(
    database: PostgresqlDatabase, proxy: CuttingProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cable that was pulled closes no connection: the clock alone tells."""

    monkeypatch.setattr("dialogue.adapters.sqlmodel.postgresql.transaction.GRACE_S", 0.2)
    for run in (database.read, database.peek, database.write):
        proxy.is_silent = True
        with fail_after(60), deadline_at(monotonic() + 0.2), pytest.raises(Unavailable, match="in time"):
            await run(one)
        proxy.is_silent = False
        assert await run(one) == 1


def one(connection: Connection) -> object:
    return connection.exec_driver_sql("SELECT 1").scalar()


async def test_a_statement_that_takes_too_long_is_given_up(url: str) -> None:
    """By PostgreSQL itself, so that it does not work on for nobody."""
    database = PostgresqlDatabase(PostgresqlSettings(url=url, statement_timeout_s=1))
    async with database.running():
        for run in (database.read, database.write):
            with fail_after(30), pytest.raises(Unavailable, match="it took too long"):
                await run(lambda connection: connection.exec_driver_sql("SELECT pg_sleep(60)").scalar())
        assert await database.read(one) == 1


async def test_tables_that_change_under_a_running_node_cost_one_request(url: str) -> None:
    """As in a rolling deploy: what was prepared before does not fit any more, and nothing of it is kept."""
    database = PostgresqlDatabase(PostgresqlSettings(url=url, readers=1, writers=1))

    def look(connection: Connection) -> object:
        return connection.exec_driver_sql("SELECT * FROM shop").all()

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE shop (id INT)")
        async with database.running():
            for run in (database.read, database.peek, database.write):
                assert await run(look) == []
                connection.execute(f"ALTER TABLE shop ADD COLUMN {run.__name__} INT".encode())
                with pytest.raises(Unavailable, match="its tables have changed"):
                    await run(look)
                assert await run(look) == []


async def test_a_check_says_no_where_nothing_can_be_written(url: str) -> None:
    database = PostgresqlDatabase(PostgresqlSettings(url=url))
    async with database.running():
        await database.check()
        with psycopg.connect(url, autocommit=True) as connection:
            name = url.rpartition("/")[2]
            connection.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'.encode())
            connection.execute(END_ALL)
            with pytest.raises(Unavailable, match="read-only"):
                await database.check()
            connection.execute("SET default_transaction_read_only = off")
            connection.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only'.encode())
            connection.execute(END_ALL)
        await database.check()


async def test_a_user_who_may_not_do_everything_is_enough(url: str, postgresql_server: PostgresqlServer) -> None:
    """An owner of the database who is no superuser; one who owns nothing is refused, in one line."""
    with psycopg.connect(postgresql_server.url(), autocommit=True) as connection, postgresql_server.database() as empty:
        name = empty.rpartition("/")[2]
        connection.execute("CREATE ROLE plain LOGIN")
        try:
            connection.execute(f'ALTER DATABASE "{name}" OWNER TO plain'.encode())
            database = PostgresqlDatabase(PostgresqlSettings(url=empty.replace("dialogue@", "plain@")))
            async with database.running():
                assert await database.write(one) == 1
                await database.check()
                assert database._ensure_open()._server.known is not None
            database = PostgresqlDatabase(PostgresqlSettings(url=url.replace("dialogue@", "plain@")))
            with pytest.raises(ConfigurationError, match="this user may not do that"):
                await database.open()
        finally:
            connection.execute(f'ALTER DATABASE "{name}" OWNER TO dialogue'.encode())
            with psycopg.connect(empty, autocommit=True) as there:
                there.execute("DROP OWNED BY plain")
            connection.execute("DROP ROLE plain")


@pytest.mark.parametrize(
    ("statement", "is_spoiled"),
    [
        ("SELECT '\"\\u0000\"'::jsonb", True),
        ("SELECT 1 / 0", True),
        ("SELECT repeat('x', 100)::varchar(10)::name::int", True),
        ("INSERT INTO dialogue_writers (writer_id) VALUES ('x')", True),
        ("SELECT pg_terminate_backend(pg_backend_pid())", False),
        ("SELECT 1 FROM nowhere", False),
        ("SET LOCAL statement_timeout = 1; SELECT pg_sleep(5)", False),
    ],
)
async def test_what_the_data_is_to_blame_for_spoils_a_batch_and_what_the_database_is_away_for_does_not(
    statement: str, is_spoiled: bool, url: str
) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("BEGIN")
        with pytest.raises((SpoiledBatch, asyncpg.PostgresError)) as raised, refusals():
            await connection.execute(statement)
        assert isinstance(raised.value, SpoiledBatch) is is_spoiled
        if not is_spoiled:
            assert condition(raised.value) is not None
    finally:
        connection.terminate()


async def test_a_fault_of_ours_stays_one(database: PostgresqlDatabase) -> None:
    with pytest.raises(DBAPIError, match="syntax error") as raised:
        await database.write(lambda connection: connection.exec_driver_sql("SELEKT 1"))
    assert condition(raised.value) is None
    assert not is_connection_lost(raised.value)
    assert await database.write(one) == 1
