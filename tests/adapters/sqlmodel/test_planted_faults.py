"""The checks of the database find faults: a mend is switched off, and the test that holds it has to fail."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from dialogue.adapters.sqlmodel.sqlite import engine, errors
from dialogue.adapters.sqlmodel.sqlite.database import SqliteDatabase
from dialogue.adapters.sqlmodel.sqlite.log_growth import LOG_LIMIT, LogGrowth

from .test_commit_outcome import test_a_foreign_row_in_the_place_of_the_next_event_is_no_fault_of_the_event as no_fault
from .test_files import test_a_foreign_row_in_the_next_place_is_the_storages_trouble_until_it_is_gone as trouble
from .test_files import test_a_log_that_another_program_holds_is_told_and_cut_when_it_lets_go as log_is_told_and_cut


@pytest.fixture
async def unbounded(path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SqliteDatabase]:
    """An open database whose write-ahead log keeps the size that it once had."""
    monkeypatch.setattr(engine, "LOG_LIMIT", -1)
    database = SqliteDatabase(f"sqlite:///{path}", patience_s=0.5)
    await database.open()
    yield database
    await database.close()


async def test_it_is_found_that_the_log_keeps_its_size(
    unbounded: SqliteDatabase, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(AssertionError):
        await log_is_told_and_cut(unbounded, path, caplog)
    assert os.stat(f"{path}-wal").st_size > LOG_LIMIT, "it was told, and not cut"


async def test_it_is_found_that_nobody_tells_of_a_log_that_grows(
    database: SqliteDatabase, path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LogGrowth, "look", lambda *_: None)
    with pytest.raises(AssertionError):
        await log_is_told_and_cut(database, path, caplog)
    assert not caplog.records


async def test_it_is_found_that_a_foreign_row_is_blamed_on_the_draft(
    database: SqliteDatabase, path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A unique violation of a place was taken for one more thing that the database refuses of an event."""
    monkeypatch.setattr(errors, "_TAKEN", frozenset[str]())
    with pytest.raises(AssertionError):
        await trouble(database, path, caplog, 2, 2)
    other = path.parent / "other"
    other.mkdir()
    with pytest.RaisesGroup(AssertionError, flatten_subgroups=True, allow_unwrapped=True):
        await no_fault(other)
    with closing(sqlite3.connect(path)) as found:
        assert found.execute("SELECT count(*) FROM messages").fetchone() == (2,), "it was there all the time"
