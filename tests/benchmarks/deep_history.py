"""A database with rooms of very many events, made at the speed of SQL: true rows, heads and streams."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import anyio

from dialogue.adapters.sqlmodel.sqlite.database import SqliteDatabase

from .requests import TEXT
from .rooms import DEEP, LONG, MESSAGE, RARE

LONG_ROOM = 100_000
BEGAN_MS = 1_700_000_000_000
STEP_MS = 1_000
EVERY = 1_000
"""Each so many-th event of the deep room is a rare one."""

ROWS = """
WITH RECURSIVE place(seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM place WHERE seq < :events),
    named AS (SELECT seq, seq / :every AS rare, seq % :every = 0 AS is_rare FROM place)
INSERT INTO messages (room_id, event_name, event_data, from_user, timestamp, seq, event_seq)
SELECT :room, iif(is_rare, :rare, :common), json_object('text', :text || seq, 'username', 'ada'), 'user-' || seq % 50,
    :began + seq * :step, seq, iif(is_rare, rare, seq - rare)
FROM named
"""
ROOM = """
INSERT INTO dialogue_rooms (room_id, epoch, head, floor, swept, last_timestamp)
VALUES (:room, lower(hex(randomblob(8))), :events, 0, 0, :began + :events * :step)
"""
STREAMS = """
INSERT INTO dialogue_streams (room_id, event_name, head, floor, floor_seq)
SELECT room_id, event_name, max(event_seq), 0, 0 FROM messages WHERE room_id = :room GROUP BY event_name
"""


def provide(path: Path, events: int, keep: Path | None) -> None:
    """Put such a database at `path`: the one kept in the folder `keep`, which is made at the first time.

    To be called in a thread without an event loop.
    """
    if keep is None:
        _make(path, events)
        return
    kept = keep / f"deep-{events}.db"
    if not kept.exists():
        keep.mkdir(parents=True, exist_ok=True)
        unfinished = kept.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        _make(unfinished, events)
        unfinished.rename(kept)
    shutil.copyfile(kept, path)


def _make(path: Path, events: int) -> None:
    anyio.run(SqliteDatabase(f"sqlite:///{path}").migrate)
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -200000", "temp_store = MEMORY"):
        connection.execute(f"PRAGMA {pragma}")
    indexes = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'messages'")
    made = indexes.fetchall()
    for name, _ in made:
        connection.execute(f"DROP INDEX {name}")
    _fill(connection, DEEP, events, EVERY)
    _fill(connection, LONG, min(events, LONG_ROOM), events + 1)
    for _, statement in made:
        connection.execute(statement)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()


def _fill(connection: sqlite3.Connection, room_id: str, events: int, every: int) -> None:
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
    connection.execute("BEGIN")
    for statement in (ROWS, ROOM, STREAMS):
        connection.execute(statement, parameters)
    connection.execute("COMMIT")
