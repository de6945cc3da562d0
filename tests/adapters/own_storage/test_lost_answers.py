"""`on_cleanup` keeps events and its answer is lost; and what it is given while something else goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from anyio import create_task_group, fail_after
from anyio.lowlevel import checkpoint

from dialogue import DialogueApp, Event, Hooks, RoomConfig, create_dialogue
from dialogue.adapters.own_storage.own_stream import OwnStream
from dialogue.application.hooks import run_hook
from dialogue.domain.errors import InvalidRequest, Unavailable
from dialogue.domain.page import After, Before, BeforeTime, Offsets, PageForm, PageRequest
from dialogue.domain.position import Position

from . import unsure_storage as kinds
from .unsure_storage import UnsureStorage, message

pytestmark = pytest.mark.anyio

PATIENCE_S = 30.0


@pytest.fixture(autouse=True)
def no_settings_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DIALOGUE_DATABASE", raising=False)


@pytest.fixture
def late_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hook that has failed is not tried again within the test."""
    monkeypatch.setattr(run_hook, "FIRST_WAIT_S", 3_600)


async def publish(app: DialogueApp, *numbers: int) -> list[Event]:
    return [await app.trigger("room", message, number, sender="ada") for number in numbers]


async def page(app: DialogueApp, form: PageForm, limit: int = 50) -> list[tuple[int | None, object]]:
    request = PageRequest(room_id="room", event_name="message", form=form, limit=limit)
    return [(event.seq, event.json) for event in (await app.container.pages()(request)).events]


def numbered(newest: int, oldest: int) -> list[tuple[int | None, object]]:
    return [(number, number) for number in range(newest, oldest - 1, -1)]


def stream(app: DialogueApp) -> OwnStream:
    return app.container.hook_store().rooms["room"].streams["message"]


async def until(condition: Callable[[], bool]) -> None:
    with fail_after(PATIENCE_S):
        while not condition():
            await checkpoint()


async def test_pages_neither_repeat_nor_lose_while_what_was_kept_is_not_known_to_be(late_retries: None) -> None:
    storage = UnsureStorage()
    app = storage.app(flush_timeout_s=0.05)
    async with app.lifespan():
        await publish(app, *range(1, 41))
        await until(lambda: stream(app).stored.head == 35)
        storage.plan = [kinds.and_the_answer_is_lost]
        await publish(app, 41)
        await until(lambda: not storage.plan)
        assert len(storage.rows["message"]) == stream(app).stored.head + 1, "one is there, and nobody knows"
        pages = [await page(app, Offsets(start, start + 10)) for start in range(0, 50, 10)]
        assert [each for some in pages for each in some] == numbered(41, 1)
        assert await page(app, Before(36), limit=10) == numbered(35, 26)
        assert await page(app, After(30), limit=8) == numbered(38, 31)
        assert await page(app, Offsets(1, 4, anchor=37)) == numbered(36, 34)
        assert await page(app, BeforeTime(1)) == []
        room, history = await app.container.registry().open("room")
        run = await app.container.recover()(room, history, {"message"}, Position(epoch=history.epoch, seq=30))
        assert run is not None
        assert [event.seq for event in run.events] == list(range(41, 30, -1))


async def test_without_places_what_cannot_be_told_is_unavailable(late_retries: None) -> None:
    storage = UnsureStorage(gives_places=False)
    app = storage.app(flush_timeout_s=0.05)
    async with app.lifespan():
        await publish(app, *range(1, 7))
        await until(lambda: stream(app).stored.head == 1)
        storage.plan = [kinds.and_the_answer_is_lost]
        await publish(app, 7)
        await until(lambda: not storage.plan)
        assert [number for _, number in await page(app, Offsets(0, 7))] == [7, 6, 5, 4, 3], (
            "and says that there is more"
        )
        with pytest.raises(Unavailable, match="cannot be told"):
            await page(app, Offsets(5, 7))


async def test_the_hook_gets_the_same_events_again_until_it_says_that_it_has_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run_hook, "FIRST_WAIT_S", 0.0)
    storage = UnsureStorage(plan=[kinds.and_the_answer_is_lost, kinds.some_of_it, kinds.nothing])
    app = storage.app()
    async with app.lifespan():
        await publish(app, *range(1, 7))
        await until(lambda: stream(app).stored.head == 1)
        assert storage.calls[:4] == [[1], [1], [1], [1]]
        assert await page(app, Offsets(0, 10)) == numbered(6, 1)


async def test_what_is_kept_twice_is_refused_and_the_log_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(run_hook, "FIRST_WAIT_S", 0.0)
    storage = UnsureStorage(plan=[kinds.again_and_the_answer_is_lost, kinds.again_and_again])
    app = storage.app()
    async with app.lifespan():
        await publish(app, *range(1, 7))
        await until(lambda: stream(app).stored.head == 1)
        assert await page(app, Offsets(0, 5)) == numbered(6, 2)
        with pytest.raises(Unavailable, match="does not give back what it was given"):
            await page(app, Offsets(5, 6))
    assert "Insert by room, epoch and seq" in caplog.text


async def test_events_of_several_lives_keep_the_places_of_this_one_alone() -> None:
    storage = UnsureStorage()
    for numbers in (range(1, 9), range(9, 17)):
        app = storage.app()
        async with app.lifespan():
            await publish(app, *numbers)
            await until(lambda app=app: stream(app).stored.head == 3)  # type: ignore[misc]
            found = await page(app, Offsets(0, 16))
    assert found == [*((seq, seq + 8) for seq in range(8, 0, -1)), *((None, number) for number in range(8, 0, -1))]


async def test_events_of_another_room_or_of_no_place_between_those_with_one_are_refused() -> None:
    storage = UnsureStorage()
    app = storage.app()
    async with app.lifespan():
        await publish(app, *range(1, 12))
        await until(lambda: stream(app).stored.head == 6)
        rows = storage.rows["message"]
        for change in ({"epoch": "other"}, {"seq": None, "epoch": None}, {"seq": 1}, {"seq": 40}, {"seq": "4"}):
            kept, rows[3] = rows[3], rows[3] | change
            with pytest.raises(Unavailable):
                await page(app, Offsets(5, 11))
            rows[3] = kept
        rows[3], rows[4] = rows[4], rows[3]
        with pytest.raises(Unavailable, match="stands where another event belongs"):
            await page(app, Offsets(5, 11))
        rows[3], rows[4] = rows[4], rows[3]
        assert await page(app, Offsets(5, 11)) == numbered(6, 1)


async def test_what_the_storage_has_let_go_of_ends_the_history_and_no_recovery_jumps_over_it() -> None:
    storage = UnsureStorage()
    app = storage.app()
    async with app.lifespan():
        await publish(app, *range(1, 16))
        await until(lambda: stream(app).stored.head == 10)
        del storage.rows["message"][:6]
        assert await page(app, Offsets(0, 20)) == numbered(15, 7)
        assert await page(app, Before(9)) == numbered(8, 7)
        with pytest.raises(InvalidRequest, match="does not hold any more"):
            await page(app, After(3))
        assert await page(app, After(6)) == numbered(15, 7)
        room, history = await app.container.registry().open("room")
        for since, is_exact in ((3, False), (8, True)):
            run = await app.container.recover()(room, history, {"message"}, Position(epoch=history.epoch, seq=since))
            assert (run is not None) is is_exact


async def test_a_slow_on_cleanup_in_a_thread_never_runs_beside_itself(caplog: pytest.LogCaptureFixture) -> None:
    """Past its time the log says so, and what it gives counts when it comes; meanwhile nobody who reads waits long."""
    kept: list[int | None] = []
    inside: list[int] = []
    let_go = threading.Event()

    def on_cleanup(room_id: str, name: str, events: list[Event]) -> None:
        inside.append(len(inside))
        let_go.wait(PATIENCE_S)
        kept.extend(event.seq for event in events)
        inside.pop()

    app = create_dialogue(
        rooms={"room": RoomConfig(name="Room", events=[message])},
        hooks=Hooks(on_cleanup=on_cleanup, on_load=lambda *_: []),
    )
    app.configure(hook_timeout_s=0.05)
    try:
        async with app.lifespan():
            await publish(app, *range(1, 9))
            await until(lambda: "takes longer than" in caplog.text)
            with pytest.raises(Unavailable, match="is busy"):
                async with app.container.storage_hooks().reading(stream(app).stored.turn):
                    pass
            assert len(inside) == 1
            assert await page(app, Offsets(0, 8)) == numbered(8, 1)
            let_go.set()
            await until(lambda: len(kept) == 3)
            assert kept == [1, 2, 3]
            assert "is tried again" not in caplog.text
    finally:
        let_go.set()
    assert kept == list(range(1, 9))


async def test_an_on_cleanup_that_is_tried_again_beside_itself_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a time-out let its caller go, and with it whoever came next, three ran at once."""
    monkeypatch.setattr(run_hook, "FIRST_WAIT_S", 0.0)
    monkeypatch.setattr(run_hook.RunHook, "to_its_end", run_hook.RunHook.__call__)
    begun: list[int | None] = []
    let_go = threading.Event()

    def on_cleanup(room_id: str, name: str, events: list[Event]) -> None:
        begun.append(events[0].seq)
        let_go.wait(PATIENCE_S)

    app = create_dialogue(
        rooms={"room": RoomConfig(name="Room", events=[message])},
        hooks=Hooks(on_cleanup=on_cleanup, on_load=lambda *_: []),
    )
    app.configure(hook_timeout_s=0.05)
    try:
        async with app.lifespan():
            await publish(app, *range(1, 9))
            await until(lambda: len(begun) > 1)  # and none of them has ended
            let_go.set()
    finally:
        let_go.set()


@pytest.mark.parametrize("becomes", [kinds.well, kinds.and_the_answer_is_lost, kinds.nothing])
async def test_the_storage_never_keeps_what_was_redacted_before_the_hand_over_was_over(
    becomes: kinds.Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await unblanked_of_those_redacted(becomes, monkeypatch) == []


async def test_a_redaction_that_passes_a_hand_over_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OwnStream, "is_on_its_way", lambda *_: False)
    assert await unblanked_of_those_redacted(kinds.well, monkeypatch) == [1]


async def unblanked_of_those_redacted(becomes: kinds.Keep, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Redact events while the hook holds the first: what of those that were answered for is stored as it was."""
    monkeypatch.setattr(run_hook, "FIRST_WAIT_S", 0.0)
    storage = UnsureStorage(plan=[becomes])
    inside, let_go = threading.Event(), threading.Event()
    redacted: list[int] = []

    def on_cleanup(room_id: str, name: str, events: list[Event]) -> object:
        inside.set()
        let_go.wait(PATIENCE_S)
        return storage.on_cleanup(room_id, name, events)

    async def redact(app: DialogueApp) -> None:
        for seq in range(1, 7):
            try:
                await app.redact("room", seq)
                redacted.append(seq)
            except (Unavailable, InvalidRequest):
                pass

    app = create_dialogue(
        rooms={"room": RoomConfig(name="Room", events=[message])},
        hooks=Hooks(on_cleanup=on_cleanup, on_load=storage.on_load),
    )
    try:
        async with app.lifespan(), create_task_group() as tasks:
            await publish(app, *range(1, 7))
            await until(inside.is_set)
            tasks.start_soon(redact, app)
            await until(lambda: 6 in redacted)
            let_go.set()
    finally:
        let_go.set()
    assert redacted[-5:] == [2, 3, 4, 5, 6], "what the hook has not been given is ours to blank"
    return [row["data"] for row in storage.rows["message"] if row["seq"] in redacted and not row["redacted"]]
