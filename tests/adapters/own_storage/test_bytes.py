"""What memory holds before the application's storage is bounded in bytes: past it, events are handed over early."""

from __future__ import annotations

import pytest
from anyio import fail_after
from anyio.lowlevel import checkpoint

from dialogue import DialogueApp, Hooks, RoomConfig, create_dialogue
from dialogue.application.rooms.buffer_budget import BufferBudget
from dialogue.domain.errors import Unavailable
from dialogue.domain.event_definition import History, define_event

from .unsure_storage import UnsureStorage, nothing

pytestmark = pytest.mark.anyio

MAX_BYTES = 1 << 20
ROOMS = 20
EVENTS = 30
LARGE = "x" * 6_000
message = define_event("message", history=History(limit=100))


class ManyRooms(UnsureStorage):
    """One list for each room."""

    def app(self, **settings: object) -> DialogueApp:
        async def on_cleanup(room_id: str, name: str, events: list) -> None:  # type: ignore[type-arg]
            await self.on_cleanup(room_id, room_id, events)

        async def on_load(room_id: str, name: str, start: int, end: int) -> list:  # type: ignore[type-arg]
            return await self.on_load(room_id, room_id, start, end)

        app = create_dialogue(
            rooms={f"room-{number}": RoomConfig(name="Room", events=[message]) for number in range(ROOMS)},
            hooks=Hooks(on_cleanup=on_cleanup, on_load=on_load),
        )
        app.configure(max_buffer_bytes=MAX_BYTES, **settings)
        return app


@pytest.fixture(autouse=True)
def no_settings_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DIALOGUE_DATABASE", raising=False)


def held(app: DialogueApp) -> int:
    """How many bytes wait for nothing."""
    rooms = app.container.hook_store().rooms.values()
    return sum(stream.size for room in rooms for stream in room.streams.values())


async def fill(app: DialogueApp) -> None:
    for number in range(EVENTS):
        for room in range(ROOMS):
            await app.trigger(f"room-{room}", message, [number, LARGE], sender="ada")
            assert held(app) <= MAX_BYTES


async def until_nothing_is_due(app: DialogueApp) -> None:
    with fail_after(30):
        rooms = app.container.hook_store().rooms.values()
        while any(stream.due for room in rooms for stream in room.streams.values()):
            await checkpoint()


async def assert_all_is_there(app: DialogueApp) -> None:
    for room in range(ROOMS):
        history = await app.room(f"room-{room}").history(message, 0, EVENTS)
        assert [event.json[0] for event in history] == list(range(EVENTS - 1, -1, -1))
        assert held(app) <= MAX_BYTES


async def test_past_the_bound_the_oldest_are_handed_over_and_pages_stay_right() -> None:
    storage = ManyRooms()
    app = storage.app()
    async with app.lifespan():
        await fill(app)
        await until_nothing_is_due(app)
        rows = [len(storage.rows[f"room-{room}"]) for room in range(ROOMS)]
        assert min(rows) > 0
        assert max(rows) - min(rows) <= 4, "all rooms have handed over about as much"
        assert held(app) > MAX_BYTES // 2
        await assert_all_is_there(app)
    again = storage.app()
    async with again.lifespan():
        await assert_all_is_there(again)


async def test_without_the_budget_the_check_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BufferBudget, "take", lambda *_: False)
    app = ManyRooms().app()
    async with app.lifespan():
        with pytest.raises(AssertionError):
            await fill(app)


async def test_what_waits_for_a_storage_that_is_away_is_bounded_in_bytes_too() -> None:
    storage = ManyRooms(plan=[nothing] * 10_000)
    app = storage.app(flush_timeout_s=0.05)
    published = 0

    async def publish_on_and_on() -> None:
        nonlocal published
        while True:
            await app.trigger("room-0", message, LARGE, sender="ada")
            published += 1

    async with app.lifespan():
        with fail_after(30), pytest.raises(Unavailable, match="too many wait"):
            await publish_on_and_on()
    assert MAX_BYTES // len(LARGE) < published < 3 * MAX_BYTES // len(LARGE)
