"""A node's own rows: there while it runs, gone when it stops, and swept when it has not been seen for long."""

from __future__ import annotations

import psycopg
import pytest

from dialogue.adapters.sqlmodel.postgresql.database import PostgresqlDatabase
from dialogue.adapters.sqlmodel.postgresql.engine import PostgresqlSettings

pytestmark = pytest.mark.anyio

WRITERS = "SELECT DISTINCT split_part(writer_id, '.', 1) FROM dialogue_writers ORDER BY 1"
NODES = "SELECT node_id FROM dialogue_nodes ORDER BY 1"
UNSEEN = "UPDATE dialogue_nodes SET seen_at = (now() AT TIME ZONE 'utc') - interval '{}' WHERE node_id = 'server-old'"


def column(connection: psycopg.Connection, query: str) -> list[str]:
    return [row[0] for row in connection.execute(query.encode())]


@pytest.mark.parametrize(("unseen_for", "is_swept"), [("23 hours", False), ("25 hours", True)])
async def test_rows_of_other_nodes_stay_until_these_have_not_been_seen_for_a_day(
    unseen_for: str, is_swept: bool, url: str
) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("INSERT INTO dialogue_nodes (node_id, is_durable) VALUES ('server-old', true)")
        connection.execute("INSERT INTO dialogue_writers (writer_id, batch) VALUES ('server-old.0', 7)")
        connection.execute(UNSEEN.format(unseen_for).encode())
        async with PostgresqlDatabase(PostgresqlSettings(url=url)).running():
            running = column(connection, NODES)
            assert column(connection, WRITERS) == running
            assert ("server-old" not in running) is is_swept
            assert len(running) == (1 if is_swept else 2)
        assert column(connection, NODES) == column(connection, WRITERS) == ([] if is_swept else ["server-old"])


async def test_a_node_says_at_each_check_that_it_is_there_also_where_somebody_has_removed_it(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        database = PostgresqlDatabase(PostgresqlSettings(url=url))
        async with database.running():
            first = connection.execute("SELECT node_id, seen_at FROM dialogue_nodes").fetchone()
            await database.check()
            second = connection.execute("SELECT node_id, seen_at FROM dialogue_nodes").fetchone()
            assert first is not None
            assert second is not None
            assert first[0] == second[0]
            assert first[1] < second[1]
            connection.execute("DELETE FROM dialogue_nodes")
            await database.check()
            assert column(connection, NODES) == [first[0]]
