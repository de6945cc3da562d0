"""A database of the first version goes on in the second."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dialogue.adapters.sqlmodel.sqlite.database import SqliteDatabase
from dialogue.adapters.sqlmodel.sqlite.storage import SqliteStorage
from dialogue.domain.errors import Forbidden
from dialogue.domain.page import PageLimit
from dialogue.domain.ports.read_marks import Mark
from dialogue.domain.ports.room_store import StoredRoom
from dialogue.domain.room_limits import RoomLimits

FIRST_VERSION = (Path(__file__).parent / "first_version.sql").read_text(encoding="utf-8")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database that the first version has made."""
    path = tmp_path / "chat.db"
    with closing(sqlite3.connect(path)) as made:
        made.executescript(FIRST_VERSION)
    return path


async def test_all_is_there_and_goes_on(database: SqliteDatabase) -> None:
    storage = SqliteStorage(database)
    events = await storage.source.newer("general", None, 0, PageLimit())
    assert [(event.seq, event.event_seq, event.sender) for event in events] == [
        (1, 1, "ada"),
        (2, 2, "ada"),
        (3, 3, "bob"),
    ]
    assert (await storage.archive.open("general")).epoch == "396908bc99a2d598"
    assert [room.id for room in await storage.rooms.rooms()] == ["made"]
    assert await storage.read_marks.mark("ada", "general", 1) == Mark(seq=1, unread=1)
    assert (await storage.user_events.sent_by("ada", "", 10)).places == [("general", 1), ("general", 2), ("made", 1)]


async def test_rooms_count_for_who_has_made_them(database: SqliteDatabase, path: Path) -> None:
    """Which the first version said in the room's definition alone."""
    with closing(sqlite3.connect(path)) as found:
        rows = found.execute("SELECT room_id, created_by FROM dialogue_rooms WHERE definition IS NOT NULL")
        assert rows.fetchall() == [("made", "ada")]
    another = StoredRoom(id="another", name="n", created_by_id="ada")
    with pytest.raises(Forbidden):
        await SqliteStorage(database).rooms.create(another, RoomLimits(in_all=10, per_user=1))


async def test_what_is_left_of_a_room_that_the_first_version_deleted_is_swept(
    database: SqliteDatabase, path: Path
) -> None:
    storage = SqliteStorage(database)
    while await storage.archive.sweep(2, 1):
        pass
    with closing(sqlite3.connect(path)) as found:
        for table in ("messages", "dialogue_streams", "dialogue_read_marks"):
            assert found.execute(f"SELECT count(*) FROM {table} WHERE room_id = 'gone'").fetchone() == (0,)
        rows = found.execute("SELECT epoch, head, floor, definition FROM dialogue_rooms WHERE room_id = 'gone'")
        assert rows.fetchall() == [("09f0a25d536e5ba1", 3, 3, None)]
        assert found.execute("SELECT count(*) FROM messages").fetchone() == (4,)
