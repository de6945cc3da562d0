"""Dialogue as a library: the application's own code around a running app."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import pytest
from anyio import Event as Signal
from anyio import fail_after
from dependency_injector import providers
from pydantic import BaseModel, StringConstraints

from dialogue import (
    ConfigurationError,
    DialogueApp,
    Event,
    EventDefinition,
    History,
    RoomConfig,
    RuntimeRooms,
    create_dialogue,
    define_event,
)
from dialogue.adapters.memory.history_archive import MemoryHistoryArchive
from dialogue.adapters.memory.history_source import MemoryHistorySource
from dialogue.domain.draft_group import DraftGroup
from dialogue.domain.errors import (
    DialogueError,
    EventNotAllowed,
    Forbidden,
    InvalidEvent,
    InvalidRequest,
    PayloadMismatch,
    Redacted,
    RoomExists,
    RoomNotFound,
    Unavailable,
)
from dialogue.domain.outcome import GroupOutcome
from dialogue.domain.position import Applied

DEADLINE_S = 30.0


class Say(BaseModel):
    """What somebody says."""

    text: str


class Counted(BaseModel):
    """What a later version of an application keeps instead."""

    count: int


class Short(BaseModel):
    """What somebody says in few words."""

    text: Annotated[str, StringConstraints(max_length=4)]


message = define_event("message", schema=Say, history=History(limit=2))
typing = define_event("typing")


def new_app(database: str = "memory://") -> DialogueApp:
    """An application with one room, in which rooms may be made."""
    return create_dialogue(
        rooms={"general": RoomConfig(name="General", events=[message, typing])},
        runtime_rooms=RuntimeRooms(events=[message]),
        database=database,
    )


@pytest.fixture(params=["memory", "sqlite"])
def app(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DialogueApp:
    """An app over each storage, not started."""
    monkeypatch.delenv("DIALOGUE_DATABASE", raising=False)
    monkeypatch.chdir(tmp_path)
    return new_app("memory://" if request.param == "memory" else f"sqlite:///{tmp_path}/chat.db")


@pytest.fixture
async def running(app: DialogueApp) -> AsyncIterator[DialogueApp]:
    """The app, started."""
    async with app.lifespan():
        yield app


async def test_trigger_gives_the_event_back_as_it_was_kept(running: DialogueApp) -> None:
    event = await running.trigger("general", message, {"text": "hi"}, sender="system", meta={"tag": 1})
    assert (event.room_id, event.name, event.sender, event.seq) == ("general", "message", "system", 1)
    assert event.data == Say(text="hi")
    assert event.json == {"text": "hi"}
    assert event.meta == b'{"tag":1}'
    assert event.timestamp_ms > 0
    assert (await running.trigger("general", typing, True, sender="system")).seq is None


async def test_trigger_many_keeps_all_or_none(running: DialogueApp) -> None:
    sent: list[Any] = [(message, Say(text="1")), ("message", {"text": "2"}), (message, {"text": "3"}, {"tag": 1})]
    events = await running.trigger_many("general", sent, sender="system", key="k")
    assert [event.seq for event in events] == [1, 2, 3]
    assert events[0].data == Say(text="1")
    assert events[1].data == {"text": "2"}
    assert await running.trigger_many("general", sent, sender="system", key="k") == events
    with pytest.raises(InvalidEvent, match=r"events\[1\]\.data\.text"):
        await running.trigger_many("general", [(message, {"text": "4"}), (message, {"text": 5})], sender="system")
    with pytest.raises(EventNotAllowed, match="cannot stand in a batch"):
        await running.trigger_many("general", [(message, {"text": "4"}), (typing, True)], sender="system")
    broken: Any = [(message, {"text": "4"}), message]
    with pytest.raises(InvalidRequest, match=r"events\[1\]"):
        await running.trigger_many("general", broken, sender="system")
    for wrong in ([], [(message, {"text": "x"})] * 101):
        with pytest.raises(InvalidRequest, match="1 to 100 events"):
            await running.trigger_many("general", wrong, sender="system")
    assert len(await running.room("general").history(message)) == 3


async def test_trigger_takes_a_name_a_definition_and_an_instance_of_the_schema(running: DialogueApp) -> None:
    await running.trigger("general", "message", {"text": "1"}, sender="system")
    await running.trigger("general", message, Say(text="2"), sender="system")
    await running.room("general").trigger(message, {"text": "3"}, sender="system")
    events = await running.room("general").history("message", 0, 20)
    assert [event.data for event in events] == [{"text": "3"}, {"text": "2"}, {"text": "1"}]
    assert await running.room("general").history(message, 1, 2) == events[1:2]


async def test_a_room_tells_its_info_and_position(running: DialogueApp) -> None:
    room = running.room("general")
    assert (room.info.id, room.info.name, room.info.size) == ("general", "General", 0)
    before = await room.position()
    event = await room.trigger(message, {"text": "1"}, sender="system")
    after = await room.position()
    assert (before.seq, after.seq) == (0, event.seq)
    assert before.epoch == after.epoch


async def test_what_cannot_be_raises_its_error(running: DialogueApp) -> None:
    async def refused(error: type[DialogueError], room: str, event: str, data: object) -> None:
        with pytest.raises(error):
            await running.trigger(room, event, data, sender="system")

    await refused(RoomNotFound, "nowhere", "message", {"text": "x"})
    await refused(EventNotAllowed, "general", "shout", {"text": "x"})
    await refused(InvalidEvent, "general", "message", {"text": 7})
    await refused(InvalidEvent, "general", "typing", float("nan"))
    await refused(InvalidEvent, "general", "typing", object())
    with pytest.raises(EventNotAllowed):
        await running.room("general").history("typing")
    with pytest.raises(InvalidRequest):
        await running.room("general").history("message", 5, 5)
    with pytest.raises(InvalidRequest):
        await running.room("general").history("message", 0, 1_001)
    with pytest.raises(RoomNotFound):
        await running.room("nowhere").history("message")


async def test_rooms_are_made_and_deleted(running: DialogueApp) -> None:
    info = await running.create_room("new", "New", description="d", max_size=3, event_names=("message",))
    assert (info.id, info.name, info.description, info.max_size) == ("new", "New", "d", 3)
    assert (await running.trigger("new", message, {"text": "1"}, sender="system")).seq == 1
    with pytest.raises(RoomExists):
        await running.create_room("new", "New")
    with pytest.raises(Forbidden):
        await running.delete_room("general")
    await running.delete_room("new")
    with pytest.raises(RoomNotFound):
        await running.trigger("new", message, {"text": "2"}, sender="system")
    await running.create_room("new", "Again")
    assert await running.room("new").history(message) == []
    assert (await running.trigger("new", message, {"text": "2"}, sender="system")).seq == 2


async def test_a_handler_is_told_of_each_event_in_order(app: DialogueApp) -> None:
    told: list[int | None] = []
    anything: list[str] = []
    done = Signal()

    async def on_message(event: Event) -> None:
        told.append(event.seq)
        if event.seq == 5:
            done.set()

    def on_anything(event: Event) -> None:
        anything.append(event.name)
        raise ValueError("a handler that fails goes on with the next event")

    app.on("general", message, on_message)
    app.on("general", None, on_anything)
    async with app.lifespan():
        for number in range(5):
            await app.trigger("general", typing, number, sender="system")
            await app.trigger("general", message, {"text": str(number)}, sender="system")
        with fail_after(DEADLINE_S):
            await done.wait()
    assert told == [1, 2, 3, 4, 5]
    assert anything[:8] == ["typing", "message"] * 4


async def test_handlers_and_history_give_data_as_the_schema_reads_it(app: DialogueApp) -> None:
    told: list[Say] = []
    plain: list[object] = []

    async def on_message(event: Event[Say]) -> None:
        told.append(event.data)

    app.on("general", message, on_message)
    app.on("general", "message", lambda event: plain.append(event.data))
    async with app.lifespan():
        await app.trigger("general", message, Say(text="hi"), sender="ada")
        assert [event.data.text for event in await app.room("general").history(message)] == ["hi"]
        assert [event.data for event in await app.room("general").history("message")] == [{"text": "hi"}]
    assert told == [Say(text="hi")]
    assert plain == [{"text": "hi"}]


async def test_what_an_older_schema_kept_fails_neither_a_page_nor_a_handlers_queue(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/chat.db"

    def app_of(schema: type[BaseModel]) -> tuple[DialogueApp, EventDefinition[Any]]:
        note = define_event("note", schema=schema, history=History(limit=2))
        return create_dialogue(rooms={"r": RoomConfig(name="R", events=[note])}, database=url), note

    older, _ = app_of(Say)
    async with older.lifespan():
        for text in ("1", "2", "3"):
            await older.trigger("r", "note", {"text": text}, sender="ada")
        await older.redact("r", 2)
    newer, note = app_of(Counted)
    told: list[Counted] = []
    newer.on("r", note, lambda event: told.append(event.data))
    async with newer.lifespan():
        await newer.trigger("r", note, Counted(count=4), sender="ada")
        events = await newer.room("r").history(note)
        assert [event.json for event in events] == [{"count": 4}, {"text": "3"}, None, {"text": "1"}]
        assert events[0].data == Counted(count=4)
        with pytest.raises(PayloadMismatch, match=r"data\.count"):
            _ = events[1].data
        with pytest.raises(Redacted):
            _ = events[2].data
    assert told == [Counted(count=4)]


async def test_a_handler_that_cannot_read_one_event_is_given_the_next(app: DialogueApp) -> None:
    """The definition that it was given with may be a stricter one than what the room still lets in."""
    told: list[object] = []

    def read(event: Event) -> None:
        told.append(event.typed(short).data)

    short = define_event("message", schema=Short)
    app.on("general", "message", read)
    async with app.lifespan():
        for text in ("long enough", "hi"):
            await app.trigger("general", message, {"text": text}, sender="ada")
    assert told == [Short(text="hi")]


async def test_a_handler_of_all_rooms_made_at_run_time_is_told_of_each_of_them(app: DialogueApp) -> None:
    told: list[tuple[str, str]] = []
    app.on_runtime_rooms(message, lambda event: told.append((event.room_id, event.data.text)))
    async with app.lifespan():
        await app.create_room("club", "Club")
        for room_id in ("club", "general"):
            await app.trigger(room_id, message, Say(text="hi"), sender="ada")
        await app.create_room("other", "Other")
        await app.trigger("other", message, Say(text="ho"), sender="ada")
    assert told == [("club", "hi"), ("other", "ho")]


async def test_a_handler_may_publish_into_its_own_room(app: DialogueApp) -> None:
    answered = Signal()

    async def answer(event: Event) -> None:
        if event.sender == "ada":
            await app.trigger("general", message, {"text": "welcome"}, sender="bot")
        else:
            answered.set()

    app.on("general", message, answer)
    async with app.lifespan():
        await app.trigger("general", message, {"text": "hi"}, sender="ada")
        with fail_after(DEADLINE_S):
            await answered.wait()
        events = await app.room("general").history(message)
    assert [event.sender for event in events] == ["bot", "ada"]


async def test_handlers_are_given_before_the_start(running: DialogueApp) -> None:
    with pytest.raises(ConfigurationError, match="before the start"):
        running.on("general", message, print)


async def test_an_app_that_was_not_started_says_so(app: DialogueApp) -> None:
    """It neither waits for ever nor keeps anything."""
    room = app.room("general")
    with fail_after(DEADLINE_S):
        for call in (
            lambda: app.trigger("general", message, {"text": "x"}, sender="system"),
            lambda: room.trigger(message, {"text": "x"}, sender="system"),
            lambda: room.history(message),
            lambda: room.position(),
            lambda: app.create_room("new", "New"),
            lambda: app.delete_room("new"),
        ):
            with pytest.raises(Unavailable, match="lifespan"):
                await call()
    async with app.lifespan():
        assert await app.room("general").history(message) == []


async def test_an_app_that_was_stopped_says_so_and_may_be_started_again(tmp_path: Path) -> None:
    app = new_app(f"sqlite:///{tmp_path}/chat.db")
    for number in range(1, 4):
        async with app.lifespan():
            event = await app.trigger("general", message, {"text": "x"}, sender="system")
            assert event.seq == number
            room = app.room("general")
        with fail_after(DEADLINE_S), pytest.raises(Unavailable):
            await app.trigger("general", message, {"text": "x"}, sender="system")
        with fail_after(DEADLINE_S), pytest.raises(Unavailable):
            await room.trigger(message, {"text": "x"}, sender="system")


async def test_a_lifespan_entered_twice_is_refused(running: DialogueApp) -> None:
    with pytest.raises(ConfigurationError, match="twice"):
        async with running.lifespan():
            pass
    assert (await running.trigger("general", message, {"text": "x"}, sender="system")).seq == 1


async def test_two_apps_on_one_file_are_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/chat.db"
    async with new_app(url).lifespan():
        with pytest.raises(ConfigurationError, match="in use by another Dialogue server"):
            async with new_app(url).lifespan():
                pass
    async with new_app(url).lifespan():
        pass


async def test_what_the_body_of_the_lifespan_raises_passes_through(app: DialogueApp) -> None:
    with pytest.raises(ZeroDivisionError):
        async with app.lifespan():
            raise ZeroDivisionError


class CountingArchive(MemoryHistoryArchive):
    """An archive of one's own."""

    batches = 0

    async def append(
        self, groups: Sequence[DraftGroup], applied: Mapping[str, Applied], now_ms: int
    ) -> list[GroupOutcome]:
        """Count, and keep."""
        self.batches += 1
        return await super().append(groups, applied, now_ms)


async def test_the_archive_can_be_swapped_for_ones_own(tmp_path: Path) -> None:
    app = new_app(f"sqlite:///{tmp_path}/chat.db")
    container = app.container
    container.archive.override(providers.Singleton(CountingArchive, container.memory_store))
    container.source.override(providers.Singleton(MemoryHistorySource, container.memory_store))
    async with app.lifespan():
        await app.trigger("general", message, {"text": "x"}, sender="system")
        assert len(await app.room("general").history(message)) == 1
        archive = container.archive()
        assert isinstance(archive, CountingArchive)
        assert archive.batches == 1


async def test_parts_and_settings_are_exchanged_before_the_start_and_never_while_it_runs(app: DialogueApp) -> None:
    class Stopped:
        def now_ms(self) -> int:
            return 2**42

    container = app.container
    for number in range(2):
        with pytest.raises(ConfigurationError, match=r"as in override\(providers.Singleton\(Stopped\)\)"):
            container.clock.override(Stopped)
        async with app.lifespan():
            for change in (
                lambda: container.clock.override(providers.Singleton(Stopped)),
                lambda: container.archive.override(providers.Singleton(MemoryHistoryArchive, container.memory_store)),
                lambda: container.storage.reset_override(),
                lambda: container.settings.override(providers.Object(app.settings)),
            ):
                with pytest.raises(ConfigurationError, match="until the start"):
                    change()
            with pytest.raises(ConfigurationError, match="before the start"):
                app.configure(max_in_flight=1)
            event = await app.trigger("general", message, {"text": "x"}, sender="system")
            assert (event.timestamp_ms == 2**42) == bool(number)
        container.clock.override(providers.Singleton(Stopped))


async def test_a_part_that_was_exchanged_after_others_were_made_is_in_all_of_them(app: DialogueApp) -> None:
    room = app.room("general")
    assert room.info.size == 0  # the registry is made, and with it the storage
    app.container.archive.override(providers.Singleton(CountingArchive, app.container.memory_store))
    app.container.source.override(providers.Singleton(MemoryHistorySource, app.container.memory_store))
    async with app.lifespan():
        await room.trigger(message, {"text": "x"}, sender="system")
        archive = app.container.archive()
        assert isinstance(archive, CountingArchive)
        assert archive.batches == 1


async def test_clock_and_authenticator_can_be_swapped_too() -> None:
    class Stopped:
        def now_ms(self) -> int:
            return 42

    app = new_app()
    app.container.clock.override(providers.Object(Stopped()))
    async with app.lifespan():
        event = await app.trigger("general", message, {"text": "x"}, sender="system")
    assert event.timestamp_ms == 42
