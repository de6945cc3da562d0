"""What a SqliteDatabase promises: transactions, a file of its own, and errors that say what is the matter."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import anyio
import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError, OperationalError

from dialogue.adapters.sqlmodel.history_archive import SqlHistoryArchive
from dialogue.adapters.sqlmodel.history_source import SqlHistorySource
from dialogue.adapters.sqlmodel.sqlite.database import SqliteDatabase
from dialogue.adapters.sqlmodel.sqlite.log_growth import LOG_LIMIT
from dialogue.domain.draft import Draft
from dialogue.domain.errors import ConfigurationError, Unavailable
from dialogue.domain.page import PageLimit

from ...support.appending import append

INSERT_ROOM = (
    "INSERT INTO dialogue_rooms (room_id, epoch, head, floor, swept, last_timestamp) VALUES ('r', 'e', 0, 0, 0, 0)"
)


def insert_room(connection: Connection) -> None:
    connection.exec_driver_sql(INSERT_ROOM)


def files(path: Path) -> list[str]:
    return [each.name for each in path.parent.iterdir() if each.suffix != ".lock"]


def count_rooms(connection: Connection) -> int:
    return int(connection.exec_driver_sql("SELECT count(*) FROM dialogue_rooms").scalar_one())


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///file:x?uri=true"])
def test_a_url_without_a_file_is_refused_with_a_way_out(url: str) -> None:
    with pytest.raises(ConfigurationError, match="memory://"):
        SqliteDatabase(url)


@pytest.mark.parametrize("url", ["nonsense", "mysql://localhost/chat", "sqlite+aiosqlite:///chat.db"])
def test_a_url_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"sqlite:///relative\.db"):
        SqliteDatabase(url)


def test_a_word_that_sqlite_would_misunderstand_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="FULL, NORMAL, OFF"):
        SqliteDatabase("sqlite:///chat.db", synchronous="EXTRA-FULL")  # type: ignore[arg-type]


def test_making_a_database_touches_nothing(path: Path) -> None:
    SqliteDatabase(f"sqlite:///{path}")
    assert list(path.parent.iterdir()) == []


async def test_a_relative_url_is_relative_to_where_the_server_runs(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    database = SqliteDatabase("sqlite:///chat.db")
    await database.migrate()
    assert files(path) == ["chat.db"]


async def test_a_path_may_hold_what_urls_give_a_meaning(tmp_path: Path) -> None:
    folder = tmp_path / "50% off"
    folder.mkdir()
    database = SqliteDatabase(f"sqlite:///{folder}/a b.db")
    await database.open()
    await database.close()
    assert (folder / "a b.db").stat().st_size


async def test_all_is_there_when_it_is_opened_again(database: SqliteDatabase) -> None:
    archive, source = SqlHistoryArchive(database), SqlHistorySource(database)
    head = await archive.open("general")
    draft = Draft(room_id="general", epoch=head.epoch, name="message", payload=b"{}", sender="u")
    kept = await append(archive, [draft, draft], 5)
    before = await archive.open("general")
    await database.close()
    with pytest.raises(Unavailable):
        await archive.open("general")
    await database.open()
    assert await archive.open("general") == before
    assert await source.newer("general", None, 0, PageLimit()) == kept


async def test_opening_and_closing_can_be_repeated(database: SqliteDatabase) -> None:
    await database.open()
    await database.close()
    await database.close()
    await database.migrate()
    await database.migrate()
    await database.open()
    assert await database.read(count_rooms) == 0


@pytest.mark.parametrize(("synchronous", "value"), [("FULL", 2), ("NORMAL", 1), ("OFF", 0)])
async def test_connections_are_set_up_as_asked(path: Path, synchronous: str, value: int) -> None:
    database = SqliteDatabase(f"sqlite:///{path}", synchronous=synchronous)  # type: ignore[arg-type]
    await database.open()

    def pragmas(connection: Connection) -> list[object]:
        names = ("synchronous", "journal_mode", "foreign_keys", "secure_delete", "journal_size_limit")
        return [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

    try:
        assert await database.write(pragmas) == [value, "wal", 1, 1, LOG_LIMIT]
        assert (await database.read(pragmas))[:2] == [value, "wal"]
    finally:
        await database.close()


async def test_what_fails_half_way_is_rolled_back(database: SqliteDatabase) -> None:
    def fail(connection: Connection) -> None:
        insert_room(connection)
        connection.exec_driver_sql("CREATE TABLE dialogue_half (x)")
        raise KeyError

    with pytest.raises(KeyError):
        await database.write(fail)
    assert await database.read(count_rooms) == 0
    await database.write(insert_room)
    assert await database.read(count_rooms) == 1


async def test_a_fault_of_the_program_is_not_called_unavailable(database: SqliteDatabase) -> None:
    with pytest.raises(OperationalError):
        await database.write(lambda connection: connection.exec_driver_sql("SELEKT 1"))
    await database.write(insert_room)
    with pytest.raises(IntegrityError):
        await database.write(insert_room)
    assert await database.read(count_rooms) == 1


async def test_a_reader_sees_one_snapshot(database: SqliteDatabase, path: Path) -> None:
    def read_around_a_write(connection: Connection) -> tuple[int, int]:
        before = count_rooms(connection)
        other = sqlite3.connect(path)
        with other:
            other.execute(INSERT_ROOM)
        other.close()
        return before, count_rooms(connection)

    assert await database.read(read_around_a_write) == (0, 0)
    assert await database.read(count_rooms) == 1


async def test_a_reader_cannot_write(database: SqliteDatabase) -> None:
    with pytest.raises(Unavailable):
        await database.read(insert_room)
    assert await database.read(count_rooms) == 0


@pytest.mark.parametrize("content", [b"this is no database" * 100, b"x"])
def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    database = SqliteDatabase(f"sqlite:///{path}")
    with pytest.raises(ConfigurationError, match=r"chat\.db cannot be used: it is not a SQLite database"):
        anyio.run(database.open)
    assert path.read_bytes() == content


async def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    database = SqliteDatabase(f"sqlite:///{tmp_path}/nowhere/chat.db")
    with pytest.raises(ConfigurationError, match="No such file or directory") as caught:
        await database.open()
    assert "\n" not in caught.value.message
    assert not (tmp_path / "nowhere").exists()


async def test_a_folder_instead_of_a_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be used"):
        await SqliteDatabase(f"sqlite:///{tmp_path}").open()


@pytest.mark.parametrize("what", ["file", "folder"])
async def test_what_may_not_be_written_is_told_and_works_once_it_may(path: Path, what: str) -> None:
    database = SqliteDatabase(f"sqlite:///{path}")
    await database.migrate()
    guarded = path if what == "file" else path.parent
    mode = guarded.stat().st_mode
    guarded.chmod(0o555)
    uid = os.geteuid()
    if uid == 0:  # permissions do not count for root
        for parent in path.parents:
            if not os.access(parent, os.X_OK) or not parent.stat().st_mode & 0o001:
                parent.chmod(parent.stat().st_mode | 0o001)
        os.seteuid(65534)
    try:
        with pytest.raises(ConfigurationError, match=r"cannot be used: (it cannot be written to|Permission denied)"):
            await database.open()
    finally:
        os.seteuid(uid)
        guarded.chmod(mode)
    await database.open()
    await database.close()
