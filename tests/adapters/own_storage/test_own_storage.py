"""The hooks way of keeping: the application's own storage behind Dialogue's memory."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from anyio import Event as Signal
from anyio import create_task_group, fail_after
from anyio.lowlevel import checkpoint

from dialogue import (
    ConfigurationError,
    DialogueApp,
    Event,
    History,
    Hooks,
    RoomConfig,
    RuntimeRooms,
    create_dialogue,
    define_event,
)
from dialogue.domain.errors import InvalidRequest, Unavailable
from dialogue.domain.page import After, Before, Newest, Offsets, PageForm, PageRequest
from dialogue.domain.position import Position

from .own_storage import OwnStorage

pytestmark = pytest.mark.anyio

message = define_event("message", history=History(limit=5))
other = define_event("other", history=History(limit=2))


@pytest.fixture(autouse=True)
def no_settings_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DIALOGUE_DATABASE", raising=False)


def app_over(storage: OwnStorage, **settings: Any) -> DialogueApp:
    app = create_dialogue(
        rooms={"room": RoomConfig(name="Room", events=[message, other], sync_history_on_join=4)},
        runtime_rooms=RuntimeRooms(events=[message]),
        hooks=Hooks(on_cleanup=storage.on_cleanup, on_load=storage.on_load),
    )
    app.configure(**settings)
    return app


async def publish(app: DialogueApp, *numbers: int, room: str = "room", name: str = "message") -> list[Event]:
    return [await app.trigger(room, name, number, sender="ada") for number in numbers]


async def page(app: DialogueApp, form: PageForm, name: str | None = "message", limit: int = 50) -> list[Any]:
    request = PageRequest(room_id="room", event_name=name, form=form, limit=limit)
    return [event.data for event in (await app.container.pages()(request)).events]


async def until_handed_over(app: DialogueApp, amount: int) -> None:
    """Wait until the storage has said that it has so many messages."""
    with fail_after(30):
        while app.container.hook_store().rooms["room"].streams["message"].stored.head < amount:
            await checkpoint()


async def test_evicted_events_go_to_the_storage_in_order_and_pages_straddle_both() -> None:
    storage = OwnStorage()
    app = app_over(storage)
    async with app.lifespan():
        await publish(app, *range(20))
        await until_handed_over(app, 15)
        assert storage.data() == list(range(15))
        assert await page(app, Offsets(0, 20)) == list(range(19, -1, -1))
        assert await page(app, Offsets(3, 8)) == [16, 15, 14, 13, 12]
        assert await page(app, Offsets(12, 15)) == [7, 6, 5]
        whole = await app.container.pages()(PageRequest(room_id="room", event_name="message", form=Offsets(10, 20)))
        assert whole.has_more is False
        part = await app.container.pages()(PageRequest(room_id="room", event_name="message", form=Offsets(10, 19)))
        assert part.has_more is True


async def test_a_stop_hands_everything_over_and_a_start_shows_it_again_without_a_place() -> None:
    storage = OwnStorage()
    first = app_over(storage)
    async with first.lifespan():
        epoch = (await publish(first, 0))[0].epoch
        await publish(first, *range(1, 12))
        await publish(first, 100, 101, 102, name="other")
    assert storage.data() == list(range(12))
    assert storage.data(name="other") == [100, 101, 102]
    second = app_over(storage)
    async with second.lifespan():
        history = await second.room("room").history(message, 0, 20)
        assert [event.data for event in history] == list(range(11, -1, -1))
        assert {event.seq for event in history} == {None}
        [event] = await publish(second, 12)
        assert (event.seq, event.epoch == epoch) == (1, False)
        history = await second.room("room").history(message, 0, 3)
        assert [(event.data, event.seq) for event in history] == [(12, 1), (11, None), (10, None)]


async def test_a_start_loads_what_memory_holds_once_and_reads_it_from_memory_then() -> None:
    storage = OwnStorage()
    async with app_over(storage).lifespan():
        pass
    storage.kept["room", "message"] = [{"data": n, "from": "ada", "timestamp": n} for n in range(30)]
    app = app_over(storage)
    async with app.lifespan():
        assert await page(app, Offsets(0, 4)) == [29, 28, 27, 26]
        assert await page(app, Newest(), limit=4) == [29, 28, 27, 26]
        assert storage.loads == [("message", 0, 5), ("other", 0, 2)]
        await publish(app, 30, 31)
        assert await page(app, Offsets(0, 4)) == [31, 30, 29, 28]
        assert storage.loads == [("message", 0, 5), ("other", 0, 2)]
        assert await page(app, Offsets(0, 8)) == [31, 30, 29, 28, 27, 26, 25, 24]


async def test_events_on_their_way_to_a_slow_storage_stay_readable() -> None:
    storage = OwnStorage()
    app = app_over(storage)
    async with app.lifespan():
        await publish(app, 0)
        storage.gate = Signal()
        await publish(app, *range(1, 9))
        with fail_after(30):
            await storage.waiting.wait()
            assert await page(app, Offsets(0, 9)) == list(range(8, -1, -1))
            assert await page(app, Before(4)) == [2, 1, 0]
            assert await page(app, After(1)) == list(range(8, 0, -1))
        storage.gate.set()
        storage.gate = None


async def test_a_failing_storage_is_tried_again_in_order_and_nothing_is_lost(caplog: pytest.LogCaptureFixture) -> None:
    storage = OwnStorage()
    app = app_over(storage)
    async with app.lifespan():
        storage.failures = 3
        await publish(app, *range(12))
        assert await page(app, Offsets(0, 12)) == list(range(11, -1, -1))
        await until_handed_over(app, 7)
    assert storage.data() == list(range(12))
    assert "is tried again" in caplog.text


async def test_publishing_is_refused_while_too_many_wait_and_goes_on_afterwards() -> None:
    storage = OwnStorage()
    app = app_over(storage, max_waiting_cleanup=3)
    async with app.lifespan():
        await publish(app, 0)
        storage.gate = Signal()
        await publish(app, *range(1, 8))
        with pytest.raises(Unavailable, match="storage takes no events"):
            await publish(app, 8)
        assert await page(app, Offsets(0, 8)) == list(range(7, -1, -1))
        storage.gate.set()
        storage.gate = None
        await until_handed_over(app, 3)
        await publish(app, 9)
    assert storage.data() == [0, 1, 2, 3, 4, 5, 6, 7, 9]


async def test_a_stop_gives_a_hanging_storage_up_in_time_and_says_what_is_lost(
    caplog: pytest.LogCaptureFixture,
) -> None:
    storage = OwnStorage()
    app = app_over(storage, flush_timeout_s=0.05, hook_timeout_s=0.02)
    with fail_after(30):
        async with app.lifespan():
            await publish(app, 0, 1)
            storage.gate = Signal()
    assert "2 events could not be handed over" in caplog.text


async def test_deleting_a_room_hands_its_events_over_and_shows_none_of_them_again() -> None:
    storage = OwnStorage()
    app = app_over(storage)
    async with app.lifespan():
        await app.create_room("club", "Club")
        await publish(app, 0, 1, 2, room="club")
        await app.delete_room("club")
        with fail_after(30):
            while storage.data("club") != [0, 1, 2]:
                await checkpoint()
        await app.create_room("club", "Club")
        assert await app.room("club").history(message, 0, 10) == []
        [event] = await publish(app, 3, room="club")
        assert event.seq == 4
        assert [event.data for event in await app.room("club").history(message, 0, 10)] == [3]


async def test_a_cursor_that_reaches_events_without_a_place_is_refused_with_the_reason() -> None:
    storage = OwnStorage()
    app = app_over(storage)
    async with app.lifespan():
        await publish(app, *range(10))
        await until_handed_over(app, 5)
        assert await page(app, Before(11), limit=5) == [9, 8, 7, 6, 5]
        for form in (Before(11), Before(3), After(0), After(2)):
            with pytest.raises(InvalidRequest, match="use start and end"):
                await page(app, form, limit=10)
        assert await page(app, Newest(), limit=10) == list(range(9, -1, -1))


async def test_cursors_reach_everything_of_this_life_where_the_storage_keeps_places() -> None:
    storage = OwnStorage(with_places=True)
    async with app_over(storage).lifespan():
        pass
    app = app_over(storage)
    async with app.lifespan():
        for number in range(40):
            await publish(app, number, name="other" if number % 4 == 0 else "message")
        await until_handed_over(app, 25)
        assert await page(app, Before(21), limit=4) == [19, 18, 17, 15]
        assert await page(app, After(0), limit=4) == [5, 3, 2, 1]
        assert await page(app, Before(21), None, limit=6) == [19, 18, 17, 16, 15, 14]
        assert await page(app, After(10), None, limit=3) == [12, 11, 10]


async def test_recovery_is_exact_in_memory_and_false_behind_it() -> None:
    storage = OwnStorage()
    app = app_over(storage)
    async with app.lifespan():
        await publish(app, *range(10))
        await until_handed_over(app, 5)
        room, history = await app.container.registry().open("room")
        recover = app.container.recover()
        run = await recover(room, history, {"message"}, Position(epoch=history.epoch, seq=7))
        assert run is not None
        assert [event.data for event in run.events] == [9, 8, 7]
        assert await recover(room, history, {"message"}, Position(epoch=history.epoch, seq=3)) is None


async def test_a_failing_on_load_is_unavailable_and_the_next_one_may_work() -> None:
    storage = OwnStorage()
    app = app_over(storage)
    async with app.lifespan():
        await publish(app, *range(10))
        await until_handed_over(app, 5)
        storage.kept["room", "message"].insert(0, {"data": 0})  # no event
        with pytest.raises(Unavailable, match="on_load failed"):
            await page(app, Offsets(5, 11))
        del storage.kept["room", "message"][0]
        assert await page(app, Offsets(5, 11)) == [4, 3, 2, 1, 0]


async def test_many_readers_and_a_writer_see_one_list() -> None:
    storage = OwnStorage()
    app = app_over(storage)
    seen: list[list[int]] = []

    async def read() -> None:
        for _ in range(20):
            seen.append([event.data for event in await app.room("room").history(message, 0, 200)])
            await checkpoint()

    async with app.lifespan(), create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(read)
        await publish(app, *range(100))
    assert all(run == list(range(len(run) - 1, -1, -1)) for run in seen)
    assert storage.data() == list(range(100))


async def test_naming_a_database_keeps_events_there(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    storage = OwnStorage()
    app = app_over(storage, database="memory://")
    async with app.lifespan():
        await publish(app, *range(10))
    assert "history in memory alone (memory://)" in caplog.text
    async with app_over(storage).lifespan():
        pass
    assert "by on_cleanup and on_load" in caplog.text


def test_on_load_without_on_cleanup_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="on_load needs on_cleanup"):
        Hooks(on_load=OwnStorage().on_load)


async def test_retention_is_the_storages_own_and_is_refused() -> None:
    storage = OwnStorage()
    app = create_dialogue(
        rooms={"room": RoomConfig(name="Room", events=[define_event("x", history=History(max_events=5))])},
        hooks=Hooks(on_cleanup=storage.on_cleanup, on_load=storage.on_load),
    )
    with pytest.raises(ConfigurationError, match="'x' has max_events or max_age"):
        async with app.lifespan():
            pass


async def test_a_pattern_has_no_history_there() -> None:
    storage = OwnStorage()
    events = [define_event("signal.*"), define_event("sensor.*", history=History())]
    app = create_dialogue(
        rooms={"room": RoomConfig(name="Room", events=events)},
        hooks=Hooks(on_cleanup=storage.on_cleanup, on_load=storage.on_load),
    )
    with pytest.raises(ConfigurationError, match=r"'sensor\.\*' is a pattern with history, and the hooks"):
        async with app.lifespan():
            pass
