"""When a start gives every room a new epoch."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dialogue.adapters.sqlmodel.epochs import new_epochs
from dialogue.adapters.sqlmodel.history_archive import SqlHistoryArchive
from dialogue.adapters.sqlmodel.sqlite.database import SqliteDatabase, Synchronous
from dialogue.domain.draft import Draft

from ...support.appending import append

CASES: list[tuple[Synchronous, bool]] = [("FULL", False), ("NORMAL", True), ("OFF", True)]


@pytest.mark.parametrize(("synchronous", "is_new"), CASES)
async def test_a_power_cut_that_takes_all_that_was_not_waited_for_is_noticed(
    path: Path, tmp_path: Path, synchronous: Synchronous, is_new: bool
) -> None:
    """It may take the whole write-ahead log of a server that does not wait for it, also what the start has written."""
    epoch = await _clean_run(path)
    database = SqliteDatabase(f"sqlite:///{path}", synchronous=synchronous)
    await database.open()
    try:
        await _publish(SqlHistoryArchive(database))
        cut = tmp_path / "cut.db"
        shutil.copy(path, cut)
        if synchronous == "FULL":
            shutil.copy(f"{path}-wal", f"{cut}-wal")
    finally:
        await database.close()
    assert (await _epoch(cut) != epoch) is is_new


@pytest.mark.parametrize("synchronous", [synchronous for synchronous, _ in CASES])
async def test_a_clean_stop_leaves_epochs_as_they_are(path: Path, synchronous: Synchronous) -> None:
    epoch = await _clean_run(path)
    database = SqliteDatabase(f"sqlite:///{path}", synchronous=synchronous)
    await database.open()
    await _publish(SqlHistoryArchive(database))
    await database.close()
    assert await _epoch(path) == epoch


async def test_a_restore_is_told_by_hand(path: Path) -> None:
    """The events stay, and numbers go on."""
    epoch = await _clean_run(path)
    assert await SqliteDatabase(f"sqlite:///{path}").repair(new_epochs) == 1
    assert await _epoch(path) != epoch
    database = SqliteDatabase(f"sqlite:///{path}")
    await database.open()
    try:
        assert (await SqlHistoryArchive(database).open("hall")).head == 1
    finally:
        await database.close()


async def _clean_run(path: Path) -> str:
    database = SqliteDatabase(f"sqlite:///{path}")
    await database.open()
    try:
        archive = SqlHistoryArchive(database)
        await _publish(archive)
        return (await archive.open("hall")).epoch
    finally:
        await database.close()


async def _publish(archive: SqlHistoryArchive) -> None:
    epoch = (await archive.open("hall")).epoch
    await append(archive, [Draft(room_id="hall", epoch=epoch, name="message", payload=b"1", sender="ada")], 1)


async def _epoch(path: Path) -> str:
    database = SqliteDatabase(f"sqlite:///{path}")
    await database.open()
    try:
        return (await SqlHistoryArchive(database).open("hall")).epoch
    finally:
        await database.close()
