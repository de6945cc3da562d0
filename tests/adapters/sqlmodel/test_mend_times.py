"""Times that a clock which ran ahead has left are mended, and nothing else is touched."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dialogue.adapters.sqlmodel.arrival import from_text, to_text
from dialogue.adapters.sqlmodel.mend_times import mend_times
from dialogue.adapters.sqlmodel.sqlite.database import SqliteDatabase
from dialogue.adapters.sqlmodel.sqlite.storage import SqliteStorage
from dialogue.domain.draft import Draft
from dialogue.domain.page import PageLimit

from ...support.appending import append

NOW = 1_800_000_000_000
IN_2099 = 4_070_908_800_000


async def publish(storage: SqliteStorage, room_id: str, *times: int) -> None:
    epoch = (await storage.archive.open(room_id)).epoch
    for now_ms in times:
        await append(
            storage.archive, [Draft(room_id=room_id, epoch=epoch, name="m", payload=b"1", sender="ada")], now_ms
        )


async def test_events_get_the_time_at_which_they_came_and_never_one_before_the_event_before(
    database: SqliteDatabase, path: Path
) -> None:
    storage = SqliteStorage(database)
    await publish(storage, "wrong", NOW - 900, IN_2099, NOW - 700, NOW - 800, NOW - 600)
    await publish(storage, "right", NOW - 900, NOW - 5)
    assert await database.write(lambda connection: mend_times(connection, NOW)) == 1
    events = await storage.source.newer("wrong", None, 0, PageLimit())
    assert [event.timestamp_ms - NOW for event in events] == [-900, -900, -700, -700, -600]
    assert (await storage.archive.open("wrong")).last_timestamp_ms == NOW - 600
    assert await storage.source.seq_at("wrong", NOW - 650) == 5
    assert [event.timestamp_ms - NOW for event in await storage.source.newer("right", None, 0, PageLimit())] == [
        -900,
        -5,
    ]
    with closing(sqlite3.connect(path)) as found:
        newest = found.execute("SELECT max(created_at), max(datetime(created_at)) FROM messages").fetchone()
    assert newest == (to_text(NOW - 5), to_text(NOW - 5)[:19])  # type: ignore[index]
    await publish(storage, "wrong", NOW)
    assert (await storage.archive.open("wrong")).last_timestamp_ms == NOW
    assert await database.write(lambda connection: mend_times(connection, NOW)) == 0


async def test_what_came_is_written_by_the_servers_clock_and_not_clamped(database: SqliteDatabase, path: Path) -> None:
    storage = SqliteStorage(database)
    await publish(storage, "general", IN_2099, NOW + 123)
    with closing(sqlite3.connect(path)) as found:
        rows = found.execute("SELECT timestamp, created_at FROM messages ORDER BY seq").fetchall()
    assert rows == [(IN_2099, "2099-01-01 00:00:00.000"), (IN_2099, "2027-01-15 08:00:00.123")]


@pytest.mark.parametrize(
    ("value", "time_ms"),
    [
        ("2099-01-01 00:00:00", IN_2099),
        ("2099-01-01T00:00:00.000", IN_2099),
        ("2099-01-01 02:00:00+02:00", IN_2099),
        ("yesterday", None),
        (1_700_000_000, None),
        (None, None),
    ],
)
def test_a_time_that_somebody_else_has_written_is_read_or_is_none(value: object, time_ms: int | None) -> None:
    assert from_text(value) == time_ms
