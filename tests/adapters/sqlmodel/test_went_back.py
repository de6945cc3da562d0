"""A database that is set back, or begun anew, under a running server."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from dialogue import DialogueApp, History, RoomConfig, create_dialogue, define_event
from dialogue.domain.errors import Unavailable
from dialogue.domain.position import Applied

pytestmark = pytest.mark.anyio

NOTE = define_event("note", history=History(limit=5))


def app_over(folder: Path) -> DialogueApp:
    rooms = {name: RoomConfig(name=name, events=[NOTE]) for name in ("a", "b")}
    return create_dialogue(database=f"sqlite:///{folder}/chat.db", rooms=rooms)


def set_back(folder: Path, room_id: str, seq: int) -> None:
    """As a copy of an hour ago would have it."""
    with sqlite3.connect(folder / "chat.db") as other:
        other.execute("DELETE FROM messages WHERE room_id = ? AND seq > ?", (room_id, seq))
        for table in ("dialogue_rooms", "dialogue_streams"):
            other.execute(f"UPDATE {table} SET head = ? WHERE room_id = ?", (seq, room_id))
    other.close()


async def went_back(folder: Path) -> None:
    app = app_over(folder)
    async with app.lifespan():
        for number in range(1, 4):
            await app.trigger("a", NOTE, number, sender="ada")
        before = await app.room("a").position()
        set_back(folder, "a", 1)
        with pytest.raises(Unavailable, match="begins anew"):
            await app.trigger("a", NOTE, "lost", sender="ada")
        after = await app.room("a").position()
        assert after.epoch != before.epoch
        assert after.seq == 1
        new = await app.trigger("a", NOTE, "new", sender="ada")
        assert (new.seq, new.epoch) == (2, after.epoch)
        assert [event.data for event in await app.room("a").history(NOTE)] == ["new", 1]


async def test_a_head_that_went_back_is_found_before_a_seq_is_given_twice(tmp_path: Path) -> None:
    await went_back(tmp_path)


async def test_the_check_finds_it_where_heads_are_not_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Applied, "goes_on_at", lambda *_: True)
    with pytest.raises(BaseExceptionGroup) as found:
        await went_back(tmp_path)
    assert found.value.subgroup(pytest.fail.Exception)


async def test_rooms_that_the_database_has_forgotten_go_on_in_a_new_life(tmp_path: Path) -> None:
    app = app_over(tmp_path)
    async with app.lifespan():
        await app.trigger("a", NOTE, 1, sender="ada")
        before = await app.room("a").position()
        with sqlite3.connect(tmp_path / "chat.db") as other:
            for table in ("messages", "dialogue_rooms", "dialogue_streams"):
                other.execute(f"DELETE FROM {table}")
        other.close()
        with pytest.raises(Unavailable):
            await app.trigger("a", NOTE, "lost", sender="ada")
        new = await app.trigger("a", NOTE, "new", sender="ada")
        assert new.seq == 1
        assert new.epoch != before.epoch
