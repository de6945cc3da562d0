"""Databases as the ancestor made them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# The seed's own statement; SQLite takes SERIAL and JSONB for types, but a SERIAL id is NULL where none is given.
AS_WRITTEN = """
CREATE TABLE messages (
id SERIAL PRIMARY KEY,
room_id VARCHAR(255) NOT NULL,
event_name VARCHAR(100) NOT NULL,
event_data JSONB NOT NULL,
from_user VARCHAR(255) NOT NULL,
timestamp BIGINT NOT NULL,
created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
"""
FOR_SQLITE = AS_WRITTEN.replace("SERIAL", "INTEGER").replace("JSONB", "JSON")
AS_TEXT = """
CREATE TABLE messages (
id integer PRIMARY KEY AUTOINCREMENT NOT NULL, room_id text NOT NULL, event_name text NOT NULL,
event_data text NOT NULL, from_user text NOT NULL, timestamp integer NOT NULL, created_at text DEFAULT CURRENT_TIMESTAMP
);
"""
INDEXES = """
CREATE INDEX idx_messages_room_event ON messages(room_id, event_name);
CREATE INDEX idx_messages_timestamp ON messages(timestamp DESC);
"""
COLUMNS = "id, room_id, event_name, event_data, from_user, timestamp, created_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of the seed's table."""

    id: int | None = None
    room_id: Any = "general"
    event_name: Any = "message"
    event_data: Any = '{"text":"hi"}'
    from_user: Any = "ada"
    timestamp: Any = 1_700_000_000_000
    created_at: Any = "2024-01-02 03:04:05"

    @property
    def values(self) -> tuple[Any, ...]:
        return (
            *(self.id, self.room_id, self.event_name, self.event_data),
            *(self.from_user, self.timestamp, self.created_at),
        )


def make_seed(path: Path, rows: Iterable[Row], ddl: str = FOR_SQLITE + INDEXES) -> None:
    """A database with the seed's table at `path`."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(ddl)
        statement = f"INSERT INTO messages ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)"
        connection.executemany(statement, (row.values for row in rows))
        connection.commit()


def some_rows(count: int) -> list[Row]:
    """Rows of three rooms and two names, some at equal times, and not in the order of time."""
    return [
        Row(
            id=index + 1,
            room_id=f"room-{index % 3}",
            event_name=("message", "typing")[index % 5 == 0],
            event_data=json.dumps({"text": f"number {index}"}),
            timestamp=1_700_000_000_000 + (index * 7919 % count) // 4,
        )
        for index in range(count)
    ]


def query(path: Path, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Rows of the database at `path`, read from outside."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql, parameters).fetchall()


def schema(path: Path) -> set[str]:
    """All that is defined in the database at `path`."""
    return {name for (name,) in query(path, "SELECT type || ' ' || name || ' ' || ifnull(sql, '') FROM sqlite_master")}
