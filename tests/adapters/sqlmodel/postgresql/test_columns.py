"""Ids are ordered as in Python, and times are in UTC, whatever the database and the session are set to."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.adapters.sqlmodel.mend_times import mend_times
from dialogue.adapters.sqlmodel.postgresql.database import PostgresqlDatabase
from dialogue.adapters.sqlmodel.postgresql.engine import PostgresqlSettings
from dialogue.adapters.sqlmodel.postgresql.storage import PostgresqlStorage
from dialogue.domain.draft import Draft
from dialogue.domain.page import PageLimit
from dialogue.domain.ports.room_store import StoredRoom
from dialogue.domain.retention import Retention

from ....support.appending import append

NOW = 1_764_150_000_123
IN_2099 = 4_070_908_800_000
BY_HAND = "INSERT INTO messages (room_id, event_name, from_user, timestamp, seq, event_seq) VALUES ('x','m','u',1,1,1)"
ROOMS = ["Z", "a", "B", "é", "z", "ä", "_", "-", "10", "9", "ß", "漢", "\U0001f600", "\uffff", "a b", "ab", "A", ""]


@pytest.fixture
def elsewhere(url: str) -> str:
    """A database whose sessions are in another time zone."""
    name = url.rpartition("/")[2]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} SET timezone = 'Asia/Kolkata'")
    return url


async def publish(storage: PostgresqlStorage, now_ms: int) -> None:
    """Keep an event that comes at that time."""
    epoch = (await storage.archive.open("general")).epoch
    await append(storage.archive, [Draft(room_id="general", epoch=epoch, name="m", payload=b"1", sender="u")], now_ms)


async def test_rooms_come_in_the_order_of_python(storage: PostgresqlStorage) -> None:
    for room_id in filter(None, ROOMS):
        await storage.rooms.create(StoredRoom(id=room_id, name="Room"))
    assert [room.id for room in await storage.rooms.rooms()] == sorted(filter(None, ROOMS))


@given(st.text(), st.text())
def test_the_order_of_code_points_is_that_of_bytes(one: str, other: str) -> None:
    """By which PostgreSQL compares what is COLLATE "C"; there are no lone surrogates in ids."""
    try:
        assert (one < other) == (one.encode() < other.encode())
    except UnicodeEncodeError:
        return


async def test_arrivals_are_in_utc(elsewhere: str) -> None:
    storage = PostgresqlStorage(PostgresqlDatabase(PostgresqlSettings(url=elsewhere)))
    async with storage.running():
        await publish(storage, NOW)
        await publish(storage, NOW + 2_000)
        floor = await storage.archive.expired("general", "m", Retention(max_age_ms=1_000), NOW + 1_500, 10)
        assert floor is not None
        assert floor.event_seq == 1
    with psycopg.connect(elsewhere) as connection:
        connection.execute(BY_HAND)
        rows = connection.execute("SELECT created_at FROM messages ORDER BY room_id, seq").fetchall()
    ours, _, somebodys = [row[0].replace(tzinfo=UTC) for row in rows]
    assert ours == datetime.fromtimestamp(NOW / 1_000, UTC)
    assert abs((somebodys - datetime.now(UTC)).total_seconds()) < 600


async def test_times_of_a_clock_that_ran_ahead_are_mended(
    storage: PostgresqlStorage, database: PostgresqlDatabase
) -> None:
    for now_ms in (NOW, IN_2099, NOW + 5):
        await publish(storage, now_ms)
    assert await database.write(lambda connection: mend_times(connection, NOW + 10)) == 1
    events = await storage.source.newer("general", None, 0, PageLimit())
    assert [event.timestamp_ms for event in events] == [NOW, NOW, NOW + 5]
    assert await storage.source.seq_at("general", NOW + 1) == 3
    await publish(storage, NOW + 6)
    assert (await storage.archive.open("general")).last_timestamp_ms == NOW + 6
