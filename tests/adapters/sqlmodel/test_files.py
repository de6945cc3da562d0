"""A database's file that goes away, or becomes another one, while it is open; and a log that cannot be emptied."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection

from dialogue.adapters.sqlmodel.commit_outcome import CommitUnknown
from dialogue.adapters.sqlmodel.sqlite.database import SqliteDatabase
from dialogue.adapters.sqlmodel.sqlite.file_content import FileContent, OurRow
from dialogue.adapters.sqlmodel.sqlite.log_growth import LOG_LIMIT, LogGrowth
from dialogue.adapters.sqlmodel.sqlite.storage import SqliteStorage
from dialogue.adapters.sqlmodel.sqlite.watched_files import WatchedFiles
from dialogue.domain.draft import Draft
from dialogue.domain.errors import Unavailable
from dialogue.domain.event import Event
from dialogue.domain.page import PageLimit
from dialogue.domain.ports.history_archive import SpoiledBatch

from ...support.appending import append


def delete(path: Path) -> None:
    path.unlink()


def delete_the_log(path: Path) -> None:
    Path(f"{path}-wal").unlink()


def replace(path: Path) -> None:
    """By a copy of itself, as a restore does."""
    shutil.copy(path, path.with_name("copy.db"))
    os.replace(path.with_name("copy.db"), path)


def replace_by_an_empty_one(path: Path) -> None:
    path.unlink()
    path.touch()


def cut_to_nothing(path: Path) -> None:
    os.truncate(path, 0)


def cut_short(path: Path) -> None:
    os.truncate(path, 4_096)


def write_over(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"no database " * 1_000)


def cut_the_log(path: Path) -> None:
    """As a tool does that empties what is named like a log; the next commit goes behind where its end was."""
    log = Path(f"{path}-wal")
    size = log.stat().st_size
    os.truncate(log, 0)
    os.truncate(log, size)


AWAY: list[Callable[[Path], None]] = [delete, delete_the_log, replace, replace_by_an_empty_one]
WRITTEN_INTO: list[Callable[[Path], None]] = [cut_to_nothing, cut_short, write_over, cut_the_log]


async def draft_of(storage: SqliteStorage) -> Draft:
    epoch = (await storage.archive.open("general")).epoch
    return Draft(room_id="general", epoch=epoch, name="message", payload=b"1", sender="ada")


@pytest.mark.parametrize("take_away", AWAY)
async def test_a_file_that_is_not_the_one_that_was_opened_keeps_nothing_and_is_told_once(
    database: SqliteDatabase, path: Path, caplog: pytest.LogCaptureFixture, take_away: Callable[[Path], None]
) -> None:
    """Readiness turns, every publish is refused, and reading goes on from what is open."""
    storage = SqliteStorage(database)
    draft = await draft_of(storage)
    await append(storage.archive, [draft])
    await storage.check()
    assert len(await storage.source.newer("general", None, 0, PageLimit())) == 1
    take_away(path)
    for _ in range(3):
        with pytest.raises(Unavailable, match=r"was deleted or moved away|is another file"):
            await append(storage.archive, [draft])
        with pytest.raises(Unavailable, match=r"was deleted or moved away|is another file"):
            await storage.check()
    assert len(await storage.source.newer("general", None, 0, PageLimit())) == 1
    [line] = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert "chat.db" in line
    assert "nothing can be kept until it is back" in line


@pytest.mark.parametrize("write_into", WRITTEN_INTO)
async def test_a_file_that_others_write_into_past_sqlite_keeps_nothing(
    database: SqliteDatabase, path: Path, write_into: Callable[[Path], None]
) -> None:
    """Its name and its identity stay, and SQLite would go on by what its log and its caches hold."""
    storage = SqliteStorage(database)
    draft = await draft_of(storage)
    await append(storage.archive, [draft])
    write_into(path)
    for _ in range(2):
        with pytest.raises(Unavailable, match=r"no SQLite database|cut short"):
            await append(storage.archive, [draft])
        with pytest.raises(Unavailable, match=r"no SQLite database|cut short"):
            await storage.check()


@pytest.mark.parametrize("write_into", WRITTEN_INTO[1:])
async def test_without_the_look_into_the_file_publishing_would_go_on(
    database: SqliteDatabase, path: Path, monkeypatch: pytest.MonkeyPatch, write_into: Callable[[Path], None]
) -> None:
    """The planted fault: what the test above would find, were names alone compared."""
    storage = SqliteStorage(database)
    draft = await draft_of(storage)
    await append(storage.archive, [draft])
    monkeypatch.setattr(FileContent, "trouble", lambda _: None)
    write_into(path)
    assert len(await append(storage.archive, [draft])) == 1


async def test_another_database_that_is_copied_over_the_file_is_noticed_until_the_right_one_is_back(
    database: SqliteDatabase, path: Path, tmp_path: Path
) -> None:
    """`cp` keeps the file's identity, and its copy is a sound database."""
    storage = SqliteStorage(database)
    draft = await draft_of(storage)
    await append(storage.archive, [draft])
    other = SqliteDatabase(f"sqlite:///{tmp_path / 'other.db'}")
    async with other.running():
        await append(SqliteStorage(other).archive, [await draft_of(SqliteStorage(other))])
    shutil.copyfile(path, tmp_path / "right.db")
    shutil.copyfile(tmp_path / "other.db", path)
    with pytest.raises(Unavailable, match="holds another database"):
        await append(storage.archive, [draft])
    with pytest.raises(Unavailable, match="holds another database"):
        await storage.check()
    shutil.copyfile(tmp_path / "right.db", path)
    [event] = await append(storage.archive, [draft])
    assert isinstance(event, Event)
    assert event.seq == 2


@pytest.mark.parametrize("what", ["VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)", "CREATE TABLE theirs (a)"])
async def test_what_another_program_does_through_sqlite_is_no_trouble(
    database: SqliteDatabase, path: Path, what: str
) -> None:
    """A checkpoint changes the file, and a VACUUM moves our row in it."""
    storage = SqliteStorage(database)
    draft = await draft_of(storage)
    await append(storage.archive, [draft] * 300)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        for statement in ("DELETE FROM messages WHERE seq < 200", what, "PRAGMA wal_checkpoint(TRUNCATE)"):
            other.execute(statement).close()
    await storage.check()
    [event] = await append(storage.archive, [draft])
    assert isinstance(event, Event)
    assert event.seq == 301


async def test_without_the_look_at_the_file_all_would_be_lost(
    database: SqliteDatabase, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted fault: what the tests above would find, were the names not compared."""
    storage = SqliteStorage(database)
    draft = await draft_of(storage)
    monkeypatch.setattr(WatchedFiles, "trouble", lambda _: None)
    delete(path)
    assert len(await append(storage.archive, [draft])) == 1
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)


async def test_a_file_that_goes_away_during_a_commit_leaves_the_outcome_open(
    database: SqliteDatabase, path: Path
) -> None:
    """Not Unavailable, which would be a promise: it may come back."""

    def take_away(connection: Connection) -> None:
        connection.exec_driver_sql("UPDATE dialogue_nodes SET seen_at = 1")
        path.rename(path.with_name("away.db"))

    with pytest.raises(CommitUnknown):
        await database.write(take_away)


async def test_looking_at_the_files_keeps_their_locks(database: SqliteDatabase, path: Path) -> None:
    """To open and close the file in this process would drop them, and let others write into a transaction of ours."""

    def look(connection: Connection) -> str:
        connection.exec_driver_sql("UPDATE dialogue_nodes SET seen_at = 1")
        files = WatchedFiles(path)
        files.remember(OurRow(b"server", lambda: 1))
        files.ensure()
        with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as other:
            try:
                other.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                return str(error)
        return "nobody holds a lock"

    assert await database.write(look) == "database is locked"


async def test_a_log_that_another_program_holds_is_told_and_cut_when_it_lets_go(
    database: SqliteDatabase, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    storage = SqliteStorage(database)
    draft = await draft_of(storage)
    opened = database._opened
    assert opened is not None
    wal = f"{path}-wal"
    opened._log_growth = LogGrowth(opened._files, large=1 << 20, asked_every_s=0)
    large = Draft(room_id="general", epoch=draft.epoch, name="message", payload=b'"%s"' % (b"x" * 60_000), sender="ada")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM messages").fetchone()
        while os.stat(wal).st_size < LOG_LIMIT + (4 << 20):
            await append(storage.archive, [large] * 20)
        told = [record.getMessage() for record in caplog.records if "cannot be emptied" in record.getMessage()]
        assert told
        assert "another program keeps a read transaction" in told[0]
    for _ in range(3):
        await append(storage.archive, [draft])
    assert os.stat(wal).st_size <= LOG_LIMIT


@pytest.mark.parametrize(("seq", "event_seq"), [(2, 7), (7, 2), (2, 2)])
async def test_a_foreign_row_in_the_next_place_is_the_storages_trouble_until_it_is_gone(
    database: SqliteDatabase, path: Path, caplog: pytest.LogCaptureFixture, seq: int, event_seq: int
) -> None:
    """No event is to blame; readiness turns, the log names the room once, and nothing else is held up."""
    storage = SqliteStorage(database)
    draft = await draft_of(storage)
    await append(storage.archive, [draft])
    with closing(sqlite3.connect(path)) as other, other:
        other.execute(
            "INSERT INTO messages (room_id, event_name, event_data, from_user, timestamp, seq, event_seq) "
            "VALUES ('general', 'message', '1', 'eve', 1, ?, ?)",
            (seq, event_seq),
        )
    for _ in range(2):
        with pytest.raises(SpoiledBatch) as refused:
            await append(storage.archive, [draft])
        assert refused.value.refusal.code == "UNAVAILABLE"
        with pytest.raises(Unavailable, match="'general'"):
            await storage.check()
    epoch = (await storage.archive.open("side")).epoch
    await append(storage.archive, [replace_room(draft, "side", epoch)])
    [line] = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert "room 'general': messages holds a row that this server has not written" in line
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("DELETE FROM messages WHERE from_user = 'eve'")
    await storage.check()
    [event] = await append(storage.archive, [draft])
    assert isinstance(event, Event)
    assert event.seq == 2


def replace_room(draft: Draft, room_id: str, epoch: str) -> Draft:
    return Draft(room_id=room_id, epoch=epoch, name=draft.name, payload=draft.payload, sender=draft.sender)
