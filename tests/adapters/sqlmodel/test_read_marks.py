"""Read marks in a SQL database: what retention took, and marks that come in crowds."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import pytest
from anyio import CancelScope, Event, create_task_group, fail_after
from anyio.lowlevel import checkpoint
from sqlalchemy import Connection

from dialogue.adapters.sqlmodel.history_archive import SqlHistoryArchive
from dialogue.adapters.sqlmodel.read_marks import MARKS_AT_ONCE, SqlReadMarks
from dialogue.adapters.sqlmodel.sqlite.database import SqliteDatabase
from dialogue.domain.draft import Draft
from dialogue.domain.errors import Unavailable
from dialogue.domain.ports.read_marks import Mark

from ...support.appending import append

T = TypeVar("T")


async def fill(database: SqliteDatabase, *names: str) -> None:
    archive = SqlHistoryArchive(database)
    epoch = (await archive.open("general")).epoch
    await append(
        archive, [Draft(room_id="general", epoch=epoch, name=name, payload=b"1", sender="u") for name in names], 1
    )


def change(path: Path, sql: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(sql)


@pytest.mark.parametrize("is_removed", [False, True])
async def test_what_retention_took_from_a_stream_is_not_unread(
    database: SqliteDatabase, path: Path, is_removed: bool
) -> None:
    await fill(database, *["message", "note"] * 5)
    marks = SqlReadMarks(database)
    assert await marks.mark("ada", "general", 2) == Mark(seq=2, unread=8)
    change(path, "UPDATE dialogue_streams SET floor = 3 WHERE event_name = 'message'")
    if is_removed:
        change(path, "DELETE FROM messages WHERE event_name = 'message' AND event_seq <= 3")
    assert await marks.unread("ada", ["general"]) == {"general": 2 + 4}
    change(path, "UPDATE dialogue_streams SET floor = 5 WHERE event_name = 'message'")
    if is_removed:
        change(path, "DELETE FROM messages WHERE event_name = 'message'")
    assert await marks.unread("ada", ["general"]) == {"general": 4}


async def test_a_mark_is_there_after_the_file_was_opened_again(database: SqliteDatabase) -> None:
    await fill(database, *["message"] * 3)
    await SqlReadMarks(database).mark("ada", "general", 1)
    await database.close()
    await database.open()
    assert await SqlReadMarks(database).unread("ada", ["general"]) == {"general": 2}


class Counting(SqliteDatabase):
    """A database that counts its writing transactions, and may hold the next one back, or fail it."""

    writes = 0
    failure: Exception | None = None

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.asked = Event()
        self.gate = Event()

    async def write(self, work: Callable[[Connection], T]) -> T:
        self.writes += 1
        self.asked.set()
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        return await super().write(work)


@pytest.fixture
async def counting(database: SqliteDatabase, path: Path) -> Counting:
    """A second look at the open database."""
    await fill(database, *["message"] * 3)
    counting = Counting(f"sqlite:///{path}")
    counting._opened = database._opened
    return counting


async def test_all_marks_that_wait_are_kept_in_one_transaction(counting: Counting) -> None:
    marks = SqlReadMarks(counting)
    crowd = MARKS_AT_ONCE + 20
    with fail_after(30):
        async with create_task_group() as tasks:
            tasks.start_soon(marks.mark, "first", "general", 1)
            await counting.asked.wait()
            for number in range(crowd):
                tasks.start_soon(marks.mark, f"user-{number}", "general", 2)
            await checkpoint()
            counting.gate.set()
    assert counting.writes == 3  # the first alone, a full one, and the rest
    assert await marks.unread(f"user-{crowd - 1}", ["general"]) == {"general": 1}


async def test_where_the_database_fails_each_of_the_crowd_is_told_and_the_next_try_works(counting: Counting) -> None:
    marks = SqlReadMarks(counting)
    counting.failure = Unavailable("gone")
    told: list[str] = []

    async def mark(user_id: str) -> None:
        try:
            await marks.mark(user_id, "general", 1)
        except Unavailable as error:
            told.append(error.message)

    with fail_after(30):
        async with create_task_group() as tasks:
            for user_id in "abc":
                tasks.start_soon(mark, user_id)
            counting.gate.set()
        assert told == ["gone"] * 3
        counting.failure = None
        assert await marks.mark("a", "general", 1) == Mark(seq=1, unread=2)
    assert await marks.unread("b", ["general"]) == {}


async def test_a_caller_that_is_cancelled_takes_nobody_along(counting: Counting) -> None:
    """Neither the one that was about to write for all, nor one that only waited."""
    marks = SqlReadMarks(counting)
    scopes = {user_id: CancelScope() for user_id in "abcd"}
    answered: list[str] = []

    async def mark(user_id: str) -> None:
        with scopes[user_id]:
            await marks.mark(user_id, "general", 3)
            answered.append(user_id)

    with fail_after(30):
        async with create_task_group() as tasks:
            for user_id in "abcd":
                tasks.start_soon(mark, user_id)
            await counting.asked.wait()
            scopes["a"].cancel()
            scopes["c"].cancel()
            await checkpoint()
            counting.gate.set()
    assert answered == ["b", "d"]
    for user_id in "bd":
        assert await marks.unread(user_id, ["general"]) == {"general": 0}
    assert await marks.unread("c", ["general"]) == {}
