"""On PostgreSQL the same history of migrations makes the tables, also where several nodes start at once."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import anyio
import psycopg
import pytest
from anyio import to_thread
from sqlalchemy import create_engine

from dialogue.adapters.sqlmodel.migrations.lock import KEY as LOCK
from dialogue.adapters.sqlmodel.postgresql import publish_rules, server_identity
from dialogue.adapters.sqlmodel.tables import metadata
from dialogue.domain.errors import ConfigurationError

from ...support.patience import wait_until
from ...support.postgresql import PostgresqlServer
from .postgresql_migrating import COLUMNS, migrate, query, schema


@pytest.fixture
def url(postgresql_server: PostgresqlServer) -> Iterator[str]:
    """An empty database."""
    with postgresql_server.database() as url:
        yield url


async def test_nodes_that_start_at_once_all_find_the_tables(url: str) -> None:
    found = []

    async def start() -> None:
        await migrate(url)
        found.append(schema(url))

    async with anyio.create_task_group() as tasks:
        for _ in range(8):
            tasks.start_soon(start)
    assert len(found) == 8
    assert all(each == found[0] for each in found)
    assert query(url, "SELECT count(*) FROM dialogue_alembic_version") == [(1,)]


async def test_databases_that_are_migrated_at_once_do_not_mix(postgresql_server: PostgresqlServer) -> None:
    with postgresql_server.database() as one, postgresql_server.database() as other:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(migrate, one)
            tasks.start_soon(migrate, other)
        assert schema(one) == schema(other)
        assert "messages" in {row[0] for row in query(one, COLUMNS)}


async def test_a_migration_is_not_held_to_the_time_outs_of_the_database(url: str) -> None:
    name = url.rpartition("/")[2]
    query(url, f"ALTER DATABASE {name} SET statement_timeout = '200ms'")
    waiting = (
        "SELECT 1 FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock' "
        "AND clock_timestamp() - query_start > interval '400ms'"
    )
    async with anyio.create_task_group() as tasks:
        with psycopg.connect(url) as other:
            other.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            tasks.start_soon(migrate, url)
            is_waiting = partial(query, url, waiting, [name])
            await to_thread.run_sync(wait_until, lambda: bool(is_waiting()), 30, "it does not wait for long")
    assert query(url, "SELECT count(*) FROM messages") == [(0,)]


async def test_tables_of_a_newer_version_are_refused(url: str) -> None:
    await migrate(url)
    query(url, "UPDATE dialogue_alembic_version SET version_num = '9999'")
    with pytest.raises(ConfigurationError, match="the database was made by a newer version of Dialogue"):
        await migrate(url)


async def test_what_is_there_stays_when_it_is_done_again(url: str) -> None:
    await migrate(url)
    query(url, "INSERT INTO dialogue_writers VALUES ('w', 1)")
    before = schema(url)
    await migrate(url)
    assert schema(url) == before
    assert query(url, "SELECT writer_id FROM dialogue_writers") == [("w",)]


async def test_the_migrations_make_what_the_table_classes_say(postgresql_server: PostgresqlServer, url: str) -> None:
    await migrate(url)
    with postgresql_server.database() as said:
        engine = create_engine(said.replace("postgresql:", "postgresql+psycopg:"))
        for tables in (metadata, publish_rules.metadata, server_identity.metadata):
            tables.create_all(engine)
        engine.dispose()
        assert [row for row in schema(url) if not _is_of_postgresql_alone(row)] == schema(said)


def _is_of_postgresql_alone(row: tuple[Any, ...]) -> bool:
    """Alembic's table, and what several nodes need: SQLite has no use for it."""
    of_nodes = ("dialogue_leases", "dialogue_crowds", "dialogue_turns", "dialogue_removals")
    tables = ("dialogue_alembic_version", *of_nodes)
    return any(table in row[0] for table in tables) or row[:2] == ("dialogue_rooms", "moved") or "_moved" in row[0]
