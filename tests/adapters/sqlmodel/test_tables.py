"""The tables that the migrations make are those of the design, and those that the code believes in."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from dialogue.adapters.sqlmodel.sqlite.database import SqliteDatabase
from dialogue.adapters.sqlmodel.tables import metadata

# name, type, NOT NULL, default, primary key
MESSAGES = [
    ("id", "INTEGER", 1, None, 1),
    ("room_id", "VARCHAR(255)", 1, None, 0),
    ("event_name", "VARCHAR(100)", 1, None, 0),
    ("event_data", "JSON", 0, None, 0),
    ("from_user", "VARCHAR(255)", 1, None, 0),
    ("timestamp", "BIGINT", 1, None, 0),
    ("created_at", "TIMESTAMP", 0, "CURRENT_TIMESTAMP", 0),
    ("seq", "BIGINT", 1, None, 0),
    ("event_seq", "BIGINT", 1, None, 0),
    ("meta", "JSON", 0, None, 0),
]
INDEXES = {
    (("room_id", "seq"), True),
    (("room_id", "event_name", "event_seq"), True),
    (("room_id", "event_name", "seq"), False),
    (("room_id", "timestamp"), False),
    (("from_user", "room_id", "event_name", "event_seq"), False),
}


@pytest.fixture
def connection(database: SqliteDatabase, path: Path) -> Iterator[sqlite3.Connection]:
    """A look at the file from outside."""
    connection = sqlite3.connect(path)
    yield connection
    connection.close()


def normal(sql: str) -> str:
    """A statement without what does not matter in it."""
    return " ".join(sql.replace('"', "").replace("(", " ( ").replace(")", " ) ").split())


async def test_messages_has_the_columns_of_the_design(connection: sqlite3.Connection) -> None:
    rows = connection.execute("SELECT name, type, \"notnull\", dflt_value, pk FROM pragma_table_info('messages')")
    assert rows.fetchall() == MESSAGES


async def test_messages_has_the_indexes_of_the_design(connection: sqlite3.Connection) -> None:
    found = set()
    for name, unique in connection.execute("SELECT name, \"unique\" FROM pragma_index_list('messages')").fetchall():
        columns = connection.execute("SELECT name FROM pragma_index_info(?) ORDER BY seqno", (name,)).fetchall()
        found.add((tuple(column for (column,) in columns), bool(unique)))
    assert found == INDEXES


async def test_ids_are_rowids(connection: sqlite3.Connection) -> None:
    sql = "INSERT INTO messages (room_id, event_name, from_user, timestamp, seq, event_seq) VALUES ('r','e','u',1,1,1)"
    connection.execute(sql)
    assert connection.execute("SELECT id = rowid, created_at IS NOT NULL FROM messages").fetchone() == (1, 1)


async def test_all_other_tables_begin_with_dialogue(connection: sqlite3.Connection) -> None:
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert names == {
        "messages",
        "dialogue_alembic_version",
        "dialogue_keys",
        "dialogue_nodes",
        "dialogue_read_floors",
        "dialogue_read_marks",
        "dialogue_rooms",
        "dialogue_streams",
        "dialogue_writers",
    }


async def test_the_migrations_make_what_the_table_classes_say(connection: sqlite3.Connection) -> None:
    made: dict[str, str] = dict(
        connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    )
    said: dict[str, Any] = {}
    for table in metadata.sorted_tables:
        said[table.name] = CreateTable(table)
        said |= {str(index.name): CreateIndex(index) for index in table.indexes}
    said = {name: normal(str(ddl.compile(dialect=sqlite.dialect()))) for name, ddl in said.items()}
    made = {name: normal(sql) for name, sql in made.items() if name != "dialogue_alembic_version"}
    assert made == said
