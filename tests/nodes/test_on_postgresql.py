"""Two whole applications over one real PostgreSQL, without a bus and with its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from anyio import create_task_group, fail_after

from dialogue import DialogueApp, History, RoomConfig, RuntimeRooms, create_dialogue, define_event
from dialogue.adapters.memory.transport import MemoryTransport
from dialogue.application.ports.authenticator import Identity
from dialogue.application.sessions.limits import Backlog
from dialogue.application.sessions.outbox import Outbox
from dialogue.application.sessions.session import Session
from dialogue.domain.errors import InvalidEvent, RoomFull, RoomNotFound
from dialogue.domain.retention import Retention

from ..support.shared_postgresql import database_with_tables
from .cluster import SaidCodec

pytestmark = pytest.mark.anyio

message = define_event("message", history=History(limit=5))
typing = define_event("typing")


class Member:
    """A session on an application, in its room."""

    def __init__(self, app: DialogueApp, user_id: str) -> None:
        self.app = app
        self.transport = MemoryTransport()
        outbox = Outbox(self.transport, Backlog(max_frames=10_000, max_bytes=1 << 24))
        self.session = Session(session_id=user_id, identity=Identity(user_id=user_id), codec=SaidCodec(), outbox=outbox)
        app.container.hub().connect(self.session)
        self.told: list[str] = []

    async def join(self, room_id: str) -> None:
        """Join the room."""
        joined = await self.app.container.join()(self.session, room_id)
        self.told += [f"{each.name} {each.seq} {each.payload.decode()}" for each in reversed(joined.history)]
        self.app.container.join().release(self.session, room_id)

    async def until(self, count: int, first: str) -> list[str]:
        """What it is told that begins so, when that is so many."""
        with fail_after(30):
            while True:
                self.told += [frame.text for frame in self.transport.read()]
                found = [said for said in self.told if said.startswith(first)]
                if len(found) >= count:
                    return found
                await self.transport.arrived()


@pytest.fixture(params=["none", "postgres"])
async def apps(request: pytest.FixtureRequest) -> AsyncIterator[list[DialogueApp]]:
    """Two applications at work."""
    with database_with_tables() as url:
        made = [
            create_dialogue(
                database=url,
                settings={"bus": request.param},
                rooms={"room": RoomConfig(name="Room", events=[message, typing])},
                runtime_rooms=RuntimeRooms(events=[message, typing]),
            )
            for _ in range(2)
        ]
        async with made[0].lifespan(), made[1].lifespan():
            yield made


async def test_members_of_both_are_told_one_sequence(apps: list[DialogueApp]) -> None:
    members = [Member(app, f"user-{number}") for number, app in enumerate(apps * 2)]
    for member in members:
        await member.join("room")

    async def publish(app: DialogueApp) -> None:
        for number in range(25):
            await app.trigger("room", message, number, sender="eve")

    async with create_task_group() as tasks:
        for app in apps * 2:
            tasks.start_soon(publish, app)
    told = [await member.until(100, "message") for member in members]
    assert [int(said.split()[1]) for said in told[0]] == list(range(1, 101))
    assert all(each == told[0] for each in told)


async def test_rooms_come_and_go_on_both_and_redactions_reach_both(apps: list[DialogueApp]) -> None:
    one, other = apps
    await one.create_room("club", "Club")
    member = Member(other, "ada")
    await member.join("club")
    await one.trigger("club", message, "secret", sender="eve")
    await member.until(1, "message")
    await one.redact("club", 1)
    await member.until(1, "dialogue.redacted")
    [event] = await other.room("club").history(message)
    assert event.is_redacted
    await one.delete_room("club")
    assert await member.until(1, "TakenOut") == ["TakenOut club"]
    with pytest.raises(RoomNotFound):
        await other.trigger("club", message, "x", sender="eve")


async def test_what_a_retention_has_taken_is_gone_on_both(apps: list[DialogueApp]) -> None:
    one, other = apps
    member = Member(other, "ada")
    await member.join("room")
    for number in range(10):
        await one.trigger("room", message, number, sender="eve")
    await member.until(10, "message")
    floor = await one.container.archive().expired("room", "message", Retention(max_events=3), 0, 100)
    assert floor is not None
    await one.container.archive().trim("room", "message", floor)
    history = other.container.registry().opened("room")
    assert history is not None
    with fail_after(30):
        while history.stream("message").floor != floor.event_seq:
            await other.container.poll().learn()
    assert [event.seq for event in await other.room("room").history(message)] == [10, 9, 8]


async def test_an_event_without_history_that_no_notice_holds_is_refused(apps: list[DialogueApp]) -> None:
    one, other = apps
    member = Member(other, "ada")
    await member.join("room")
    await one.trigger("room", typing, "x" * 7_168, sender="eve")
    if one.settings.bus == "none":
        await one.trigger("room", typing, "x" * 60_000, sender="eve")
        return
    with pytest.raises(InvalidEvent, match="without history"):
        await one.trigger("room", typing, "x" * 8_000, sender="eve")
    assert len((await member.until(1, "typing"))[0]) > 7_168


async def test_a_room_holds_no_more_than_its_maximum_over_both(apps: list[DialogueApp]) -> None:
    one, other = apps
    await one.create_room("small", "Small", max_size=3)
    outcomes: list[str] = []

    async def join(app: DialogueApp, number: int) -> None:
        try:
            await Member(app, f"user-{number}").join("small")
            outcomes.append("in")
        except RoomFull:
            outcomes.append("full")

    async with create_task_group() as tasks:
        for number, app in enumerate((one, other) * 4):
            tasks.start_soon(join, app, number)
    assert sorted(outcomes) == ["full"] * 5 + ["in"] * 3
    with fail_after(30):
        while one.room("small").info.size != 3 or one.room("small").info.users != 3:
            await one.container.crowds().look(["small"])
