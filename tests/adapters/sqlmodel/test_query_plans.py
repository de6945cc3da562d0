"""Every form of page is an index seek: the plans of the very statements that run."""

from __future__ import annotations

import re
import sqlite3
import tracemalloc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from dialogue.adapters.sqlmodel.history_archive import SqlHistoryArchive
from dialogue.adapters.sqlmodel.history_source import SqlHistorySource
from dialogue.adapters.sqlmodel.mark_statements import MAX_OWN
from dialogue.adapters.sqlmodel.read_marks import SqlReadMarks
from dialogue.adapters.sqlmodel.room_store import SqlRoomStore
from dialogue.adapters.sqlmodel.sqlite.database import SqliteDatabase
from dialogue.adapters.sqlmodel.user_events import SqlUserEvents
from dialogue.domain.draft import Draft
from dialogue.domain.page import PageLimit
from dialogue.domain.ports.room_store import StoredRoom
from dialogue.domain.room_limits import RoomLimits

from ...support.appending import append

Statement = tuple[str, Sequence[Any]]

NAMES = {
    "rare": ["rare"],
    "common": ["common"],
    "two": ["common", "rare"],
    "three": ["rare", "common", "other"],
    "unknown": ["unknown"],
    "all": None,
}
BY_NAME = "messages USING INDEX ix_messages_stream (room_id=? AND event_name=? AND seq>?"
BY_SEQ = "messages USING INDEX ux_messages_room_seq (room_id=? AND seq>?"


@contextmanager
def recorded() -> Iterator[list[Statement]]:
    """All selects that run meanwhile."""
    statements: list[Statement] = []

    def record(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        if statement.startswith(("SELECT", "WITH")):
            statements.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", record)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", record)


@pytest.fixture(params=["fresh", "analyzed"])
async def source(database: SqliteDatabase, path: Path, request: pytest.FixtureRequest) -> SqlHistorySource:
    """5,000 common events and ten rare ones, with SQLite's statistics about them and without."""
    archive = SqlHistoryArchive(database)
    epoch = (await archive.open("general")).epoch
    for index in range(10):
        names = ["rare", *["common"] * 500]
        drafts = [Draft(room_id="general", epoch=epoch, name=name, payload=b"1", sender="u") for name in names]
        await append(archive, drafts, index)
    if request.param == "analyzed":
        connection = sqlite3.connect(path)
        connection.execute("ANALYZE")
        connection.close()
        await database.close()
        await database.open()
    return SqlHistorySource(database)


def plan(path: Path, statements: list[Statement]) -> list[str]:
    """The steps of the plans, those of the floors' subqueries left out."""
    connection = sqlite3.connect(path)
    try:
        steps = [row[3] for each in statements for row in connection.execute("EXPLAIN QUERY PLAN " + each[0], each[1])]
    finally:
        connection.close()
    floors = re.compile(r"SCALAR SUBQUERY|SEARCH dialogue_\w+ USING PRIMARY KEY \(room_id=\?( AND event_name=\?)?\)$")
    return [step for step in steps if not floors.match(step)]


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES.keys())
@pytest.mark.parametrize("direction", ["older", "newer"])
async def test_a_page_seeks_once_for_each_name_and_sorts_nothing(
    source: SqlHistorySource, path: Path, names: list[str] | None, direction: str
) -> None:
    with recorded() as statements:
        if direction == "older":
            await source.older("general", names, 2_500, PageLimit(events=50))
        else:
            await source.newer("general", names, 2_500, PageLimit(events=50))
    steps = plan(path, statements)
    seeks = [step for step in steps if step.startswith("SEARCH")]
    assert len(seeks) == len(names or [None])
    assert all(seek.startswith("SEARCH " + (BY_SEQ if names is None else BY_NAME)) for seek in seeks)
    # Several names are merged while they are stepped through: no step collects, and none sorts.
    assert {step for step in steps if step not in seeks} <= {"MERGE (UNION ALL)", "LEFT", "RIGHT"}
    assert ("MERGE (UNION ALL)" in steps) == (len(seeks) > 1)


async def test_rooms_are_counted_in_the_index_of_those_that_were_made(database: SqliteDatabase, path: Path) -> None:
    with recorded() as statements:
        await SqlRoomStore(database).create(
            StoredRoom(id="club", name="n", created_by_id="ada"), RoomLimits(in_all=1, per_user=1)
        )
    counts = plan(path, [each for each in statements if each[0].startswith("SELECT count")])
    by_index = "dialogue_rooms USING INDEX ix_dialogue_rooms_made"
    assert counts == [f"SEARCH {by_index} (created_by=?)", f"SCAN {by_index}"]


@pytest.mark.parametrize("name", ["rare", "common", "unknown"])
async def test_between_seeks_by_event_seq(source: SqlHistorySource, path: Path, name: str) -> None:
    with recorded() as statements:
        await source.between("general", name, 3, 60, 1_000)
    [step] = plan(path, statements)
    assert step.startswith(
        "SEARCH messages USING INDEX ux_messages_stream_seq (room_id=? AND event_name=? AND event_seq>?"
    )


async def test_a_time_is_found_by_its_index(source: SqlHistorySource, path: Path) -> None:
    with recorded() as statements:
        assert await source.seq_at("general", 5) == 5 * 501 + 1
    first, at = plan(path, statements)
    assert first.startswith("SEARCH " + BY_SEQ)
    assert at == "SEARCH messages USING COVERING INDEX ix_messages_time (room_id=? AND timestamp>?)" or at.startswith(
        "SEARCH messages USING INDEX ix_messages_time (room_id=? AND timestamp>?)"
    )


async def test_unread_events_are_counted_by_two_seeks_a_stream(
    database: SqliteDatabase, source: SqlHistorySource, path: Path
) -> None:
    """However many rooms are asked for, and wherever the mark is: one for the first of them, one for one's own."""
    marks = SqlReadMarks(database)
    await marks.mark("ada", "general", 7)
    rooms = ["general", *(f"room-{number}" for number in range(50))]
    with recorded() as statements:
        unread = await marks.unread("ada", rooms)
    assert unread == {"general": 1_000}
    steps = plan(path, statements)
    assert next(step for step in steps if "dialogue_read_marks" in step).startswith(
        "SEARCH dialogue_read_marks USING PRIMARY KEY (user_id=? AND room_id=?)"
    )
    seeks = [step for step in steps if " messages " in step]
    assert set(seeks) == {
        "SEARCH " + BY_NAME + ")",
        "SEARCH messages USING COVERING INDEX ix_messages_sender "
        "(from_user=? AND room_id=? AND event_name=? AND event_seq>?)",
    }
    assert not [step for step in steps if "TEMP B-TREE" in step or (step.startswith("SCAN") and "messages" in step)]


async def test_a_users_own_events_are_looked_at_up_to_a_bound(
    database: SqliteDatabase, source: SqlHistorySource, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of one's own is ever called unread, and the work of a count has an end."""
    archive = SqlHistoryArchive(database)
    epoch = (await archive.open("long")).epoch
    senders = ["eve", *["ada"] * (MAX_OWN + 5), "eve", "eve"]
    drafts = [Draft(room_id="long", epoch=epoch, name="common", payload=b"1", sender=sender) for sender in senders]
    await append(archive, drafts)
    marks = SqlReadMarks(database)
    assert (await marks.mark("ada", "long", 0)).unread == 1
    assert (await marks.mark("ada", "long", 7)).unread == 2
    assert (await marks.mark("eve", "long", 0)).unread == 1_000


async def test_what_a_user_has_sent_is_found_by_seeks(
    database: SqliteDatabase, source: SqlHistorySource, path: Path
) -> None:
    events = SqlUserEvents(database)
    with recorded() as statements:
        first = await events.sent_by("u", "", 100)
        assert first.cursor is not None
        second = await events.sent_by("u", first.cursor, 100)
    assert (len(first.places), len(second.places), second.scanned) == (100, 100, 200)
    assert not {*first.places} & {*second.places}
    seeks = [step for step in plan(path, statements) if " messages " in step]
    assert len(seeks) == 3
    assert all(re.match(r"SEARCH messages USING (COVERING )?INDEX ix_messages_sender \(from_user=\?", s) for s in seeks)
    assert not [step for step in plan(path, statements) if "TEMP B-TREE" in step or step.startswith("SCAN")]


@pytest.mark.parametrize("names", [None, ["common"], ["common", "rare"]], ids=["all", "one", "two"])
async def test_a_page_takes_no_more_memory_than_its_size(database: SqliteDatabase, names: list[str] | None) -> None:
    """The cursor steps lazily: a page of 200 KiB never holds the 12 MiB that its number of events would."""
    archive = SqlHistoryArchive(database)
    epoch = (await archive.open("general")).epoch
    payload = b'"%s"' % (b"x" * 65_536)
    drafts = [Draft(room_id="general", epoch=epoch, name="common", payload=payload, sender="u")] * 200
    await append(archive, drafts, 1)
    tracemalloc.start()
    try:
        events = await SqlHistorySource(database).older("general", names, 500, PageLimit(events=200, size=200 << 10))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(events) == 3
    assert peak < 1 << 20
