"""PostgreSQL databases as the ancestor made them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import psycopg

from .seed import AS_WRITTEN, COLUMNS, INDEXES, Row

SEED = AS_WRITTEN + INDEXES
LOOSE = SEED.replace(" NOT NULL", "")

AS_TEXTS = "SELECT m::text FROM messages AS m ORDER BY id"
TAKEN = f"SELECT {COLUMNS}, seq, event_seq, meta FROM messages ORDER BY room_id, seq"


def make_seed(url: str, rows: Iterable[Row] = (), ddl: str = SEED) -> None:
    """The seed's table in the database at `url`; rows without an id get one from its sequence."""
    with psycopg.connect(url) as connection:
        connection.execute(ddl)
        with connection.cursor() as cursor:
            for row in rows:
                columns, values = _given(row)
                marks = ", ".join(["%s"] * len(values))
                cursor.execute(f"INSERT INTO messages ({columns}) VALUES ({marks})", values)


def make_many(url: str, count: int, text: str = "number") -> None:
    """The seed's table with `count` rows in seven rooms, some at equal times, and not in the order of time."""
    with psycopg.connect(url) as connection:
        connection.execute(SEED)
        connection.execute(
            """
            INSERT INTO messages (room_id, event_name, event_data, from_user, timestamp)
            SELECT 'room-' || i % 7, CASE WHEN i % 5 = 0 THEN 'typing' ELSE 'message' END,
                jsonb_build_object('text', %s || ' ' || i), 'user-' || i % 50, 1700000000000 + (i * 7919 %% %s) / 4
            FROM generate_series(1::bigint, %s) AS i
            """.replace("i % ", "i %% "),
            [text, count, count],
        )


def _given(row: Row) -> tuple[str, list[Any]]:
    given = {
        name: value
        for name, value in zip(COLUMNS.split(", "), row.values, strict=True)
        if not (name == "id" and value is None)
    }
    return ", ".join(given), list(given.values())
