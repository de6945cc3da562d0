"""A commit whose answer is lost is asked about; a batch that one draft spoils is split."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dialogue import History, RoomConfig, create_dialogue, define_event
from dialogue.adapters.sqlmodel import commit_outcome
from dialogue.adapters.sqlmodel.commit_outcome import CommitUnknown
from dialogue.adapters.sqlmodel.history_archive import SqlHistoryArchive
from dialogue.adapters.sqlmodel.history_source import SqlHistorySource
from dialogue.adapters.sqlmodel.sqlite.database import SqliteDatabase
from dialogue.domain.draft import Draft
from dialogue.domain.draft_group import DraftGroup
from dialogue.domain.errors import InvalidEvent, Unavailable
from dialogue.domain.event import Event
from dialogue.domain.page import PageLimit
from dialogue.domain.ports.history_archive import SpoiledBatch

from ...support.appending import append

pytestmark = pytest.mark.anyio

Commit = Callable[[Any], None]


def disk_error() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
    return error


def break_commits(database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch, *, is_made: bool, times: int = 1) -> None:
    """Let the driver's next commits fail, after they were made or before."""
    assert database._opened is not None
    dialect = database._opened._writing.dialect
    commit: Commit = dialect.do_commit
    left = [times]

    def broken(connection: Any) -> None:
        if not left[0]:
            commit(connection)
            return
        left[0] -= 1
        if is_made:
            commit(connection)
        raise disk_error()

    monkeypatch.setattr(dialect, "do_commit", broken)


async def draft(archive: SqlHistoryArchive, payload: bytes = b"1") -> Draft:
    epoch = (await archive.open("room")).epoch
    return Draft(room_id="room", epoch=epoch, name="note", payload=payload, sender="ada")


async def kept(database: SqliteDatabase) -> list[bytes]:
    return [event.payload for event in await SqlHistorySource(database).newer("room", None, 0, PageLimit(events=100))]


async def test_a_commit_that_was_made_and_failed_to_say_so_counts_as_made(
    database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = SqlHistoryArchive(database)
    first = await draft(archive)
    break_commits(database, monkeypatch, is_made=True)
    [outcome] = await append(archive, [first], 1)
    assert isinstance(outcome, Event)
    assert outcome.seq == 1
    assert [event.seq for event in await append(archive, [first], 1) if isinstance(event, Event)] == [2]
    assert await kept(database) == [b"1", b"1"]


async def test_a_commit_that_was_not_made_is_unavailable_and_its_number_is_taken_by_the_next(
    database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = SqlHistoryArchive(database)
    await append(archive, [await draft(archive, b"0")], 1)
    lost = await draft(archive, b"1")
    break_commits(database, monkeypatch, is_made=False)
    with pytest.raises(Unavailable, match="the disk has an error"):
        await append(archive, [lost], 1)
    [outcome] = await append(archive, [await draft(archive, b"2")], 1)
    assert isinstance(outcome, Event)
    assert outcome.seq == 2
    assert await kept(database) == [b"0", b"2"]


async def test_where_it_cannot_be_found_out_in_time_nobody_is_told_anything(
    database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even that it is unavailable: the event may be there."""
    archive = SqlHistoryArchive(database)
    lost = await draft(archive)
    monkeypatch.setattr(commit_outcome, "PATIENCE_S", 0.3)
    break_commits(database, monkeypatch, is_made=True, times=1_000)

    def unreachable(*_: object) -> bool:
        raise Unavailable("no disk")

    monkeypatch.setattr("dialogue.adapters.sqlmodel.writer.Writer.has_kept", unreachable)
    with pytest.raises(CommitUnknown):
        await append(archive, [lost], 1)


async def test_the_question_waits_until_it_can_be_asked(
    database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = SqlHistoryArchive(database)
    first = await draft(archive)
    break_commits(database, monkeypatch, is_made=True, times=3)  # the first two questions fail, too
    [outcome] = await append(archive, [first], 1)
    assert isinstance(outcome, Event)
    assert await kept(database) == [b"1"]


async def test_what_was_kept_and_not_told_reaches_the_members_before_what_comes_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The outcome stayed unknown; the next event finds the gap and fills it."""
    note = define_event("note", history=History(limit=5))
    url = f"sqlite:///{tmp_path}/chat.db"
    app = create_dialogue(database=url, rooms={"room": RoomConfig(name="Room", events=[note])})
    heard: list[tuple[int | None, object]] = []
    app.on("room", note, lambda event: heard.append((event.seq, event.data)))
    async with app.lifespan():
        await app.trigger("room", note, 1, sender="ada")
        database: SqliteDatabase = app.container.database()
        monkeypatch.setattr(commit_outcome, "PATIENCE_S", 0.1)
        with monkeypatch.context() as patched:
            break_commits(database, patched, is_made=True)
            patched.setattr("dialogue.adapters.sqlmodel.writer.Writer.has_kept", _unreachable)
            with pytest.raises(Exception, match="could not be found out"):
                await app.trigger("room", note, 2, sender="ada")
        await app.trigger("room", note, 3, sender="ada")
        assert [event.data for event in await app.room("room").history(note)] == [3, 2, 1]
    assert heard == [(1, 1), (2, 2), (3, 3)]


def _unreachable(*_: object) -> bool:
    raise Unavailable("no disk")


async def test_a_draft_that_the_database_refuses_spoils_its_batch_and_nothing_is_kept(
    database: SqliteDatabase, tmp_path: Path
) -> None:
    refuse_poison(tmp_path)
    archive = SqlHistoryArchive(database)
    with pytest.raises(SpoiledBatch):
        await append(archive, [await draft(archive, payload) for payload in (b"1", b'"poison"', b"2")], 1)
    assert await kept(database) == []


async def test_the_journal_splits_it_until_only_the_guilty_one_is_refused(tmp_path: Path) -> None:
    note = define_event("note", history=History(limit=5))
    url = f"sqlite:///{tmp_path}/chat.db"
    app = create_dialogue(database=url, rooms={"room": RoomConfig(name="Room", events=[note])})
    async with app.lifespan():
        await app.room("room").position()
        refuse_poison(tmp_path)
        journal = app.container.journal()
        room, history = await app.container.registry().open("room")
        outcomes: list[object] = []
        data = ["poison" if number in (3, 17) else number for number in range(30)]
        for item in data:
            draft = room.admit("note", item, sender="ada", epoch=history.epoch)
            await journal.put(DraftGroup.of(draft), outcomes.append)
        await app.trigger("room", note, "after", sender="ada")
        refused = [index for index, outcome in enumerate(outcomes) if isinstance(outcome, InvalidEvent)]
        assert refused == [3, 17]
        events = await app.room("room").history(note, 0, 100)
        assert [event.data for event in events][::-1] == [item for item in data if item != "poison"] + ["after"]
        assert [event.seq for event in events] == list(range(29, 0, -1))


async def test_a_foreign_row_in_the_place_of_the_next_event_is_no_fault_of_the_event(tmp_path: Path) -> None:
    """Its room cannot be published in; the others can, also in the same batch."""
    note = define_event("note", history=History(limit=5))
    url = f"sqlite:///{tmp_path}/chat.db"
    app = create_dialogue(database=url, rooms={name: RoomConfig(name=name, events=[note]) for name in ("a", "b")})
    async with app.lifespan():
        for name in ("a", "b"):
            await app.trigger(name, note, 1, sender="ada")
        write_a_foreign_row(tmp_path, "a", seq=2)
        outcomes: dict[str, list[object]] = {"a": [], "b": []}
        for name, found in outcomes.items():
            room, history = await app.container.registry().open(name)
            draft = room.admit("note", 2, sender="ada", epoch=history.epoch)
            await app.container.journal().put(DraftGroup.of(draft), found.append)
        await app.trigger("b", note, 3, sender="ada")
        [refused] = outcomes["a"]
        assert isinstance(refused, Unavailable)
        assert "not written" in refused.message
        assert [event.data for event in await app.room("b").history(note)] == [3, 2, 1]


def write_a_foreign_row(folder: Path, room_id: str, seq: int) -> None:
    with sqlite3.connect(folder / "chat.db") as other:
        other.execute(
            "INSERT INTO messages (room_id, event_name, event_data, from_user, timestamp, seq, event_seq) "
            "VALUES (?, 'note', '1', 'somebody', 1, ?, ?)",
            (room_id, seq, seq),
        )
    other.close()


def refuse_poison(folder: Path) -> None:
    """A trigger of the database's owner, which refuses what no schema of ours knows of."""
    with sqlite3.connect(folder / "chat.db") as other:
        other.execute(
            "CREATE TRIGGER no_poison BEFORE INSERT ON messages WHEN NEW.event_data = '\"poison\"' "
            "BEGIN SELECT RAISE(ABORT, 'poison'); END"
        )
    other.close()
