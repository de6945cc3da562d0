"""Finding, opening, making and deleting rooms."""

from __future__ import annotations

import pytest
from anyio import Event as Signal
from anyio import create_task_group, fail_after
from anyio.lowlevel import checkpoint

from dialogue.adapters.memory.history_archive import MemoryHistoryArchive
from dialogue.adapters.memory.room_store import MemoryRoomStore
from dialogue.adapters.memory.store import MemoryStore
from dialogue.application.ports.authenticator import Identity
from dialogue.application.rooms.runtime_rooms import RuntimeRooms
from dialogue.domain.errors import Forbidden, RoomExists, RoomNotFound, Unavailable
from dialogue.domain.event_definition import History, define_event
from dialogue.domain.ports.room_store import StoredRoom
from dialogue.domain.position import RoomHead
from dialogue.domain.room import RoomConfig
from dialogue.domain.room_limits import RoomLimits

from .node import MemoryNode
from .test_join_room import gated, publish

pytestmark = pytest.mark.anyio

MESSAGE = define_event("message", history=History(limit=3))
OTHER = define_event("other", history=History(limit=3))
ROOMS = {"room": RoomConfig(name="Room", events=[MESSAGE])}
RUNTIME = RuntimeRooms(events=[MESSAGE, OTHER])


class CountingArchive(MemoryHistoryArchive):
    """Counts how often a room is opened, and fails as often as it is told to."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__(store)
        self.opened = 0
        self.failures = 0

    async def open(self, room_id: str) -> RoomHead:
        self.opened += 1
        if self.failures:
            self.failures -= 1
            raise Unavailable("no disk")
        return await super().open(room_id)


async def test_a_room_is_opened_once_however_many_need_it_at_once() -> None:
    store = MemoryStore()
    archive = CountingArchive(store)
    node = MemoryNode(ROOMS, store=store, archive=archive)
    async with create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(node.registry.open, "room")
    assert archive.opened == 1
    assert node.registry.opened("room") is not None


async def test_a_room_that_could_not_be_opened_is_tried_again_by_the_next() -> None:
    store = MemoryStore()
    archive = CountingArchive(store)
    archive.failures = 1
    node = MemoryNode(ROOMS, store=store, archive=archive)
    with pytest.raises(Unavailable):
        await node.registry.open("room")
    assert node.registry.opened("room") is None
    _, history = await node.registry.open("room")
    assert history.head == 0


async def test_an_opened_room_has_its_newest_events_in_memory() -> None:
    store = MemoryStore()
    async with MemoryNode(ROOMS, store=store).running() as before:
        for number in range(5):
            await before.publish("room", "message", number, sender="ada")
    _, history = await MemoryNode(ROOMS, store=store).registry.open("room")
    assert [event.seq for event in history.stream("message").buffer.snapshot()] == [3, 4, 5]
    assert (history.head, history.memory_start(["message"])) == (5, 3)


async def test_a_room_deleted_while_it_is_opened_is_not_found() -> None:
    node, source = gated()
    async with node.running():
        await node.manage.create(StoredRoom(id="club", name="Club"))
        await publish(node, 5, "club")
        node.idle_rooms.close()
        node.idle_rooms.close()
        assert node.registry.opened("club") is None
        source.gate = Signal()
        with fail_after(30):
            async with create_task_group() as tasks:

                async def open_it() -> None:
                    with pytest.raises(RoomNotFound):
                        await node.registry.open("club")

                tasks.start_soon(open_it)
                await source.reading.wait()
                await node.manage.delete("club")
                source.gate.set()
        await node.manage.create(StoredRoom(id="club", name="Again"))
        source.gate = None
        await publish(node, 1, "club")


async def test_a_page_of_a_room_deleted_while_it_was_read_is_not_found() -> None:
    node, source = gated()
    async with node.running():
        await node.manage.create(StoredRoom(id="club", name="Club"))
        await publish(node, 5, "club")
        source.gate = Signal()

        async def read() -> None:
            with pytest.raises(RoomNotFound):
                await node.dialogue.room("club").history("message", 0, 5)

        with fail_after(30):
            async with create_task_group() as tasks:
                tasks.start_soon(read)
                await source.reading.wait()
                await node.manage.delete("club")
                await node.manage.create(StoredRoom(id="club", name="Again"))
                source.gate.set()


async def test_a_configured_room_goes_before_a_stored_one_of_its_id() -> None:
    store = MemoryStore()
    async with MemoryNode({}, RUNTIME, store=store).running() as before:
        await before.manage.create(StoredRoom(id="room", name="Stored"))
    async with MemoryNode(ROOMS, RUNTIME, store=store).running() as after:
        assert after.manage.find("room").name == "Room"
        with pytest.raises(Forbidden):
            await after.manage.delete("room")


async def test_a_stored_room_loses_the_events_that_the_application_no_longer_offers() -> None:
    store = MemoryStore()
    async with MemoryNode({}, RUNTIME, store=store).running() as before:
        await before.manage.create(StoredRoom(id="all", name="All"))
        await before.manage.create(StoredRoom(id="some", name="Some", event_names=("other", "message")))
        await before.publish("all", "message", 1, sender="ada")
        await before.publish("all", "other", 2, sender="ada")
    async with MemoryNode({}, RuntimeRooms(events=[OTHER]), store=store).running() as after:
        assert list(after.registry.room("all").definitions) == ["other"]
        assert list(after.registry.room("some").definitions) == ["other"]
        events = await after.dialogue.room("all").history("other")
        assert [event.seq for event in events] == [2]
        assert (await after.publish("all", "other", 3, sender="ada")).seq == 3


async def test_rooms_are_given_in_order_of_id_behind_a_cursor() -> None:
    node = MemoryNode({room_id: RoomConfig(name=room_id, events=[]) for room_id in ("b", "c", "a")})
    assert [room.id for room in node.registry.rooms()] == ["a", "b", "c"]
    assert [room.id for room in node.registry.rooms("a", 1)] == ["b"]
    assert node.registry.rooms("c") == []
    two = await node.list_rooms(Identity(user_id="ada"), "", 2)
    assert [info.id for info in two.rooms] == ["a", "b"]
    assert two.cursor == "b"
    assert (await node.list_rooms(Identity(user_id="ada"), "", 3)).cursor is None


async def test_of_two_who_make_the_same_room_at_once_one_is_refused() -> None:
    node = MemoryNode({}, RUNTIME)
    outcomes: list[str] = []

    async def make(user_id: str) -> None:
        try:
            await node.manage.create(StoredRoom(id="club", name="Club", created_by_id=user_id))
            outcomes.append("made")
        except RoomExists:
            outcomes.append("refused")

    async with node.running(), create_task_group() as tasks:
        tasks.start_soon(make, "ada")
        tasks.start_soon(make, "bob")
    assert sorted(outcomes) == ["made", "refused"]


async def test_without_runtime_rooms_none_is_made_and_stored_ones_stay_away() -> None:
    store = MemoryStore()
    async with MemoryNode({}, RUNTIME, store=store).running() as before:
        await before.manage.create(StoredRoom(id="club", name="Club"))
    async with MemoryNode(ROOMS, store=store).running() as after:
        with pytest.raises(Forbidden):
            await after.manage.create(StoredRoom(id="x", name="X"))
        with pytest.raises(RoomNotFound):
            after.registry.room("club")


class SlowStore(MemoryRoomStore):
    """Takes its time to remember a room, as a disk does."""

    async def create(self, room: StoredRoom, limits: RoomLimits | None = None) -> None:
        await checkpoint()
        await super().create(room, limits)


async def test_a_user_who_makes_many_rooms_at_once_gets_as_many_as_are_allowed() -> None:
    node = MemoryNode({}, RuntimeRooms(events=[MESSAGE], max_rooms=5, max_rooms_per_user=3))
    node.registry._store = SlowStore(node.store)
    outcomes: list[str] = []

    async def make(number: int, user_id: str) -> None:
        try:
            await node.manage.create(StoredRoom(id=f"{user_id}-{number}", name="Club", created_by_id=user_id))
            outcomes.append(user_id)
        except Forbidden:
            outcomes.append("refused")

    async with node.running():
        for user_id in ("ada", "bob"):
            async with create_task_group() as tasks:
                for number in range(6):
                    tasks.start_soon(make, number, user_id)
    assert [outcomes.count(user_id) for user_id in ("ada", "bob", "refused")] == [3, 2, 7]


async def test_a_name_that_is_wanted_many_times_is_kept_once() -> None:
    store = MemoryStore()
    node = MemoryNode(ROOMS, runtime=RUNTIME, store=store)
    await node.manage.create(StoredRoom(id="some", name="Some", event_names=("other", "message", "other") * 300))
    assert [room.event_names for room in await MemoryRoomStore(store).rooms()] == [("other", "message")]
