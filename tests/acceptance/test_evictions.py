"""`on_cleanup` beside a database: told of what leaves memory, at least once, in order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from anyio import fail_after
from anyio.lowlevel import checkpoint

from dialogue import DialogueApp, Event, History, Hooks, RoomConfig, create_dialogue, define_event

message = define_event("message", history=History(limit=3))


class Told:
    """Remembers what it was told, and fails as often as a test wants."""

    def __init__(self) -> None:
        self.data: list[Any] = []
        self.failures = 0

    def on_cleanup(self, room_id: str, event_name: str, events: list[Event]) -> None:
        if self.failures:
            self.failures -= 1
            raise RuntimeError("not now")
        assert (room_id, event_name) == ("room", "message")
        self.data += [event.data for event in events]

    async def until(self, amount: int) -> None:
        with fail_after(30):
            while len(self.data) < amount:
                await checkpoint()


def app_over(folder: Path, told: Told | None) -> DialogueApp:
    return create_dialogue(
        database=f"sqlite:///{folder}/chat.db",
        rooms={"room": RoomConfig(name="Room", events=[message])},
        hooks=Hooks(on_cleanup=None if told is None else told.on_cleanup),
    )


async def publish(app: DialogueApp, *numbers: int) -> None:
    for number in numbers:
        await app.trigger("room", message, number, sender="ada")


async def test_it_is_told_in_order_and_the_database_keeps_all(tmp_path: Path) -> None:
    told = Told()
    app = app_over(tmp_path, told)
    async with app.lifespan():
        await publish(app, *range(10))
        await told.until(7)
        assert len(await app.room("room").history(message, 0, 20)) == 10
    assert told.data == list(range(7))


async def test_what_one_process_did_not_come_to_the_next_one_tells(tmp_path: Path) -> None:
    told = Told()
    async with app_over(tmp_path, told).lifespan():
        pass
    told.failures = 1_000
    app = app_over(tmp_path, told)
    async with app.lifespan():
        await publish(app, *range(10))
    assert told.data == []
    told.failures = 0
    async with app_over(tmp_path, told).lifespan():
        await told.until(7)
    assert told.data == list(range(7))


async def test_a_hook_that_fails_is_told_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dialogue.application.feed.tell_evictions.RETRY_S", 0.01)
    told = Told()
    app = app_over(tmp_path, told)
    async with app.lifespan():
        told.failures = 3
        await publish(app, *range(10))
        await told.until(7)
    assert told.data == list(range(7))


async def test_a_hook_that_is_given_later_is_told_of_all_that_was_evicted_before(tmp_path: Path) -> None:
    app = app_over(tmp_path, None)
    async with app.lifespan():
        await publish(app, *range(10))
    told = Told()
    async with app_over(tmp_path, told).lifespan():
        await told.until(7)
    assert told.data == list(range(7))
