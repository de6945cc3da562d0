"""The deep rooms of `deep_history.py` in a PostgreSQL database, made at the speed of SQL."""

from __future__ import annotations

import anyio
import psycopg
from psycopg import sql

from dialogue.adapters.sqlmodel.postgresql.database import PostgresqlDatabase
from dialogue.adapters.sqlmodel.postgresql.engine import PostgresqlSettings

from .deep_history import BEGAN_MS, EVERY, LONG_ROOM, STEP_MS
from .requests import TEXT
from .rooms import DEEP, LONG, MESSAGE, RARE

ROWS = """
INSERT INTO messages (room_id, event_name, event_data, from_user, timestamp, seq, event_seq)
SELECT %(room)s, CASE WHEN is_rare THEN %(rare)s ELSE %(common)s END,
    jsonb_build_object('text', %(text)s::text || seq, 'username', 'ada'), 'user-' || mod(seq, 50),
    %(began)s + seq * %(step)s, seq, CASE WHEN is_rare THEN rare ELSE seq - rare END
FROM (
    SELECT seq, seq / %(every)s AS rare, mod(seq, %(every)s) = 0 AS is_rare
    FROM generate_series(1::bigint, %(events)s) AS seq
) AS named
"""
ROOM = """
INSERT INTO dialogue_rooms (room_id, epoch, head, floor, swept, last_timestamp)
VALUES (%(room)s, md5(random()::text), %(events)s, 0, 0, %(began)s + %(events)s * %(step)s)
"""
STREAMS = """
INSERT INTO dialogue_streams (room_id, event_name, head, floor, floor_seq)
SELECT room_id, event_name, max(event_seq), 0, 0 FROM messages WHERE room_id = %(room)s GROUP BY room_id, event_name
"""
INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'messages' AND indexname <> 'messages_pkey'"


def fill(url: str, events: int) -> None:
    """Fill that database, which is empty. To be called in a thread without an event loop."""
    anyio.run(PostgresqlDatabase(PostgresqlSettings(url=url)).migrate)
    with psycopg.connect(url, autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute("SET maintenance_work_mem = '256MB'")
        indexes = connection.execute(INDEXES).fetchall()
        for name, _ in indexes:
            connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
        _fill(connection, DEEP, events, EVERY)
        _fill(connection, LONG, min(events, LONG_ROOM), events + 1)
        for _, definition in indexes:
            connection.execute(definition)
        connection.execute("VACUUM ANALYZE")


def _fill(connection: psycopg.Connection, room_id: str, events: int, every: int) -> None:
    parameters = {
        "room": room_id,
        "events": events,
        "every": every,
        "rare": RARE,
        "common": MESSAGE,
        "text": f"{TEXT} ",
        "began": BEGAN_MS,
        "step": STEP_MS,
    }
    for statement in (ROWS, ROOM, STREAMS):
        connection.execute(statement, parameters)
