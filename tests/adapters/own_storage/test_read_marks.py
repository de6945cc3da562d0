"""Read marks where the application keeps its events itself."""

from __future__ import annotations

import pytest
from anyio import fail_after
from anyio.lowlevel import checkpoint

from dialogue import DialogueApp, History, Hooks, RoomConfig, RuntimeRooms, create_dialogue, define_event
from dialogue.adapters.own_storage.read_marks import OwnReadMarks
from dialogue.domain.ports.read_marks import Mark

from .own_storage import OwnStorage

pytestmark = pytest.mark.anyio

message = define_event("message", history=History(limit=2))
note = define_event("note", history=History(limit=50))


@pytest.fixture
def storage() -> OwnStorage:
    return OwnStorage()


@pytest.fixture
def app(storage: OwnStorage, monkeypatch: pytest.MonkeyPatch) -> DialogueApp:
    """An application whose messages soon leave memory."""
    monkeypatch.delenv("DIALOGUE_DATABASE", raising=False)
    return create_dialogue(
        rooms={"room": RoomConfig(name="Room", events=[message, note])},
        runtime_rooms=RuntimeRooms(events=[note]),
        hooks=Hooks(on_cleanup=storage.on_cleanup, on_load=storage.on_load),
    )


async def test_what_was_handed_over_is_counted_too(app: DialogueApp, storage: OwnStorage) -> None:
    async with app.lifespan():
        marks = app.container.read_marks()
        assert isinstance(marks, OwnReadMarks)
        for number in range(10):
            await app.trigger("room", message, number, sender="eve")
            await app.trigger("room", note, number, sender="eve")
        with fail_after(30):
            while len(storage.data()) < 8:
                await checkpoint()
        assert await marks.mark("ada", "room", 3) == Mark(seq=3, unread=17)
        assert await marks.mark("ada", "room", 1) == Mark(seq=3, unread=17)
        assert await marks.mark("bob", "room", 50) == Mark(seq=20, unread=0)
        assert await marks.unread("ada", ["room", "nowhere"]) == {"room": 17}
        assert await marks.mark("ada", "nowhere", 0) == Mark(seq=0, unread=0)
        assert await marks.forget("ada") == 2
        assert await marks.forget("ada") == 0
        assert await marks.unread("ada", ["room"]) == {}
        assert await marks.unread("bob", ["room"]) == {"room": 0}


async def test_redactions_are_not_counted(app: DialogueApp) -> None:
    async with app.lifespan():
        marks = app.container.read_marks()
        for number in range(4):
            await app.trigger("room", note, number, sender="eve")
        await app.room("room").redact(2)
        await app.trigger("room", note, 5, sender="eve")
        assert await marks.mark("ada", "room", 1) == Mark(seq=1, unread=4)
        assert await marks.mark("ada", "room", 5) == Mark(seq=5, unread=1)


async def test_what_ended_with_the_life_of_a_room_is_not_unread(app: DialogueApp) -> None:
    async with app.lifespan():
        marks = app.container.read_marks()
        for life in range(2):
            await app.create_room("made", "Made")
            for number in range(3):
                await app.trigger("made", note, number, sender="eve")
            assert await marks.mark("ada", "made", 3 * life + 1) == Mark(seq=3 * life + 1, unread=2)
            await app.delete_room("made")
            assert await marks.unread("ada", ["made"]) == {}
