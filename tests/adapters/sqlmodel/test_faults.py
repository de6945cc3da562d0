"""A database that cannot be reached for a while: nothing is half kept, and all goes on when it is back."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event as ThreadEvent

import pytest
from anyio import CancelScope
from sqlalchemy import Connection

from dialogue.adapters.sqlmodel.batch import Batch
from dialogue.adapters.sqlmodel.history_archive import SqlHistoryArchive
from dialogue.adapters.sqlmodel.history_source import SqlHistorySource
from dialogue.adapters.sqlmodel.room_store import SqlRoomStore
from dialogue.adapters.sqlmodel.sqlite.append_batch import AppendBatch
from dialogue.adapters.sqlmodel.sqlite.database import SqliteDatabase
from dialogue.domain.draft import Draft
from dialogue.domain.draft_group import DraftGroup
from dialogue.domain.errors import ConfigurationError, Unavailable
from dialogue.domain.event import Event
from dialogue.domain.page import PageLimit

from ...support.appending import append

OPEN_AND_WAIT = """
import sys, anyio
from dialogue.adapters.sqlmodel.sqlite.database import SqliteDatabase
from dialogue.domain.errors import ConfigurationError

async def main():
    database = SqliteDatabase(sys.argv[1])
    try:
        await database.open()
    except ConfigurationError as error:
        print(error)
    else:
        print("open", flush=True)
        sys.stdin.read()

anyio.run(main)
"""


@pytest.fixture
async def draft(database: SqliteDatabase) -> Draft:
    """A draft of the room `general`, in which there is one event."""
    archive = SqlHistoryArchive(database)
    epoch = (await archive.open("general")).epoch
    draft = Draft(room_id="general", epoch=epoch, name="message", payload=b'"%s"' % (b"x" * 1_000), sender="u")
    await append(archive, [draft], 1)
    return draft


async def ensure_one_sequence(database: SqliteDatabase, draft: Draft, expected: int) -> None:
    """`expected` events are there, and the next one is the next."""
    source = SqlHistorySource(database)
    events = await source.newer("general", None, 0, PageLimit(events=1_000))
    assert [event.seq for event in events] == list(range(1, expected + 1))
    [event] = await append(SqlHistoryArchive(database), [draft], 1)
    assert isinstance(event, Event)
    assert (event.seq, event.event_seq) == (expected + 1, expected + 1)


def wal_size(path: Path) -> int:
    return Path(f"{path}-wal").stat().st_size


def as_a_kill_leaves_it(path: Path) -> Path:
    """A copy of the database's files as they are now."""
    copy = path.with_name("copy.db")
    for suffix in ("", "-wal"):
        shutil.copy(f"{path}{suffix}", f"{copy}{suffix}")
    return copy


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another program has the write lock."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.close()


async def test_a_lock_of_another_program_is_unavailable_and_passes(
    database: SqliteDatabase, path: Path, draft: Draft
) -> None:
    archive, source, rooms = SqlHistoryArchive(database), SqlHistorySource(database), SqlRoomStore(database)
    with locked(path):
        for _ in range(3):
            with pytest.raises(Unavailable, match="another program has locked it"):
                await append(archive, [draft], 1)
        with pytest.raises(Unavailable):
            await archive.sweep(10, 1_000)
        with pytest.raises(Unavailable):
            await rooms.delete("general")
        # Reading goes on.
        assert len(await source.older("general", None, 10, PageLimit())) == 1
    await ensure_one_sequence(database, draft, 1)


async def test_a_full_disk_is_unavailable_and_passes(database: SqliteDatabase, draft: Draft) -> None:
    archive = SqlHistoryArchive(database)
    await database.write(lambda connection: connection.exec_driver_sql("PRAGMA max_page_count = 1"))
    with pytest.raises(Unavailable, match="the disk is full"):
        await append(archive, [draft] * 100, 1)
    await ensure_one_sequence(database, draft, 1)


async def test_an_error_of_the_disk_is_unavailable_and_passes(
    database: SqliteDatabase, path: Path, draft: Draft
) -> None:
    archive, source = SqlHistoryArchive(database), SqlHistorySource(database)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (wal_size(path) + 10_000, hard))
    try:
        for _ in range(3):
            with pytest.raises(Unavailable):
                await append(archive, [draft] * 100, 1)
            assert len(await source.older("general", None, 10, PageLimit())) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    await ensure_one_sequence(database, draft, 1)


async def test_a_check_tells_at_once_that_nothing_can_be_written(database: SqliteDatabase) -> None:
    """Also where the one before it, in the same second, was fine."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for _ in range(3):
        await database.check()
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
        try:
            with pytest.raises(Unavailable):
                await database.check()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_batch_cut_off_anywhere_in_the_file_is_kept_whole_or_not_at_all(
    database: SqliteDatabase, path: Path, draft: Draft
) -> None:
    """The limit falls into every part of the commit: what was answered for is there, and nothing else is, also for who
    finds the files after a kill in that moment."""
    archive = SqlHistoryArchive(database)
    kept, failed = 1, 0
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for extra in range(0, 65_000, 2_060):
        resource.setrlimit(resource.RLIMIT_FSIZE, (wal_size(path) + extra, hard))
        try:
            kept += len(await append(archive, [draft] * 5, 1))
        except Unavailable:
            failed += 1
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        copied = SqliteDatabase(f"sqlite:///{as_a_kill_leaves_it(path)}")
        await copied.open()
        await ensure_one_sequence(copied, draft, kept)
        await copied.close()
        await ensure_one_sequence(database, draft, kept)
        kept += 1
    assert 5 < failed < 30
    await database.close()
    await database.open()
    await ensure_one_sequence(database, draft, kept)


async def test_a_file_that_went_away_is_unavailable_until_it_is_back(
    database: SqliteDatabase, path: Path, draft: Draft
) -> None:
    archive = SqlHistoryArchive(database)
    move(path, path.with_name("away.db"))
    with pytest.raises(Unavailable, match=r"chat\.db was deleted or moved away"):
        await append(archive, [draft], 1)
    assert not exists(path), "an empty database was made in its place"
    move(path.with_name("away.db"), path)
    await ensure_one_sequence(database, draft, 1)


def exists(path: Path) -> bool:
    return path.exists()


def move(path: Path, to: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").rename(f"{to}{suffix}")


async def test_the_outcome_is_waited_for_when_the_caller_is_cancelled(database: SqliteDatabase, draft: Draft) -> None:
    outcomes: list[object] = []

    async def append() -> None:
        with CancelScope() as scope:
            outcomes.append(await database.write(AppendAndCancel(draft, scope)))

    await append()
    assert outcomes == ["kept"]
    await ensure_one_sequence(database, draft, 2)


class AppendAndCancel:
    """A transaction whose caller is cancelled while it runs."""

    def __init__(self, draft: Draft, scope: CancelScope) -> None:
        self.draft = draft
        self.scope = scope
        self.loop = asyncio.get_running_loop()

    def __call__(self, connection: Connection) -> str:
        batch = Batch(groups=[DraftGroup.of(self.draft)], applied={}, now_ms=1, key_ttl_ms=1_000)
        AppendBatch(batch)(connection)
        is_cancelled = ThreadEvent()
        self.loop.call_soon_threadsafe(self.scope.cancel)
        self.loop.call_soon_threadsafe(is_cancelled.set)
        assert is_cancelled.wait(10)
        return "kept"


def process(path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", OPEN_AND_WAIT, f"sqlite:///{path}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("name", ["chat.db", "link.db"])
async def test_a_second_server_process_is_refused(database: SqliteDatabase, path: Path, name: str) -> None:
    os.symlink(path, path.with_name("link.db"))
    second = process(path.with_name(name))
    out, _ = second.communicate("", timeout=120)
    assert out == f"{path.with_name(name)} is in use by another Dialogue server\n"


async def test_a_killed_server_leaves_no_lock(path: Path) -> None:
    first = process(path)
    assert first.stdout is not None
    assert first.stdout.readline() == "open\n"
    database = SqliteDatabase(f"sqlite:///{path}")
    with pytest.raises(ConfigurationError, match="in use by another Dialogue server"):
        await database.open()
    first.kill()
    first.communicate(timeout=120)
    await database.open()
    await database.close()
