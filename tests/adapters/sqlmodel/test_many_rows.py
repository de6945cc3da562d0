"""Many rows go into a table in few statements, and nothing is asked of a batch by looking through a table."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from dialogue.adapters.sqlmodel.sqlite import append_statements as statements
from dialogue.adapters.sqlmodel.sqlite.append_statements import KEYS_AT_ONCE
from dialogue.adapters.sqlmodel.sqlite.database import SqliteDatabase
from dialogue.adapters.sqlmodel.sqlite.many_rows import ManyRows

PUT = ManyRows("pairs (a, b, c)", "(?, ?, 0)", "ON CONFLICT (a) DO UPDATE SET b = excluded.b")


@pytest.fixture
def pairs() -> Iterator[sqlite3.Connection]:
    """A table of its own, in memory."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE pairs (a INTEGER PRIMARY KEY, b TEXT NOT NULL, c INTEGER)")
        yield connection


@pytest.mark.parametrize(("count", "most"), [(0, 0), (1, 1), (3, 3), (64, 1), (65, 2), (255, 12), (1_000, 21)])
def test_rows_go_in_many_at_a_time(pairs: sqlite3.Connection, count: int, most: int) -> None:
    ran: list[str] = []
    pairs.set_trace_callback(ran.append)
    PUT.execute(pairs, [(number, str(number)) for number in range(count)])
    pairs.set_trace_callback(None)
    assert len(ran) <= most
    found = pairs.execute("SELECT a, b, c FROM pairs ORDER BY a").fetchall()
    assert found == [(number, str(number), 0) for number in range(count)]


def test_a_row_that_is_there_is_changed(pairs: sqlite3.Connection) -> None:
    PUT.execute(pairs, [(1, "old"), (2, "old")])
    PUT.execute(pairs, [(number, "new") for number in range(2, 100)])
    assert pairs.execute("SELECT b FROM pairs WHERE a IN (1, 2, 3) ORDER BY a").fetchall() == [
        ("old",),
        ("new",),
        ("new",),
    ]


def test_a_row_that_is_refused_is_an_error(pairs: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="NOT NULL"):
        PUT.execute(pairs, [(number, None if number == 40 else "") for number in range(64)])


async def test_what_is_asked_of_a_batch_is_found_by_seeks(database: SqliteDatabase) -> None:
    asked = {statements.ROOMS: 1, statements.STREAMS: 1, statements.KEYS: KEYS_AT_ONCE, statements.TARGET: 2}

    def plans(connection: object) -> list[str]:
        run = connection.connection.driver_connection.execute  # type: ignore[attr-defined]
        return [
            row[3]
            for statement, count in asked.items()
            for row in run(f"EXPLAIN QUERY PLAN {statement}", ["[]"] * count).fetchall()
        ]

    steps = [step for step in await database.read(plans) if step.startswith(("SEARCH", "SCAN"))]
    assert [step for step in steps if not step.startswith("SCAN json_each")] == [
        "SEARCH dialogue_rooms USING PRIMARY KEY (room_id=?)",
        "SEARCH dialogue_streams USING PRIMARY KEY (room_id=?)",
        "SEARCH dialogue_keys USING PRIMARY KEY (key_id=?)",
        "SEARCH messages USING INDEX ux_messages_room_seq (room_id=? AND seq=?)",
    ]
