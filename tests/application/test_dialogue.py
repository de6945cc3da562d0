"""The running node, for the application's own code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from anyio import Event as Signal
from anyio import create_task_group, fail_after
from anyio.abc import TaskStatus
from anyio.lowlevel import checkpoint

from dialogue.adapters.memory.history_archive import MemoryHistoryArchive
from dialogue.adapters.memory.store import MemoryStore
from dialogue.application.ports.authenticator import Identity
from dialogue.application.rooms.runtime_rooms import RuntimeRooms
from dialogue.domain.draft_group import DraftGroup
from dialogue.domain.errors import Forbidden, RoomExists, RoomNotFound, Unavailable
from dialogue.domain.event import Event
from dialogue.domain.event_definition import History, define_event
from dialogue.domain.outcome import GroupOutcome
from dialogue.domain.ports.room_store import StoredRoom
from dialogue.domain.position import Applied
from dialogue.domain.room import RoomConfig

from .node import MemoryNode

pytestmark = pytest.mark.anyio

MESSAGE = define_event("message", history=History(limit=3))
ROOMS = {"room": RoomConfig(name="Room", events=[MESSAGE])}


class GatedArchive(MemoryHistoryArchive):
    """Keeps nothing before its gate is open."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__(store)
        self.reached, self.gate = Signal(), Signal()

    async def append(
        self, groups: Sequence[DraftGroup], applied: Mapping[str, Applied], now_ms: int
    ) -> list[GroupOutcome]:
        self.reached.set()
        await self.gate.wait()
        return await super().append(groups, applied, now_ms)


async def test_what_the_body_raises_comes_out_as_it_is_and_the_node_has_stopped() -> None:
    node = MemoryNode(ROOMS)
    with pytest.raises(ValueError, match="mine"):
        async with node.running():
            raise ValueError("mine")
    with pytest.raises(Unavailable):
        await node.publish("room", "message", 1, sender="ada")


async def test_a_node_that_is_cancelled_keeps_what_is_on_its_way_and_ends() -> None:
    store = MemoryStore()
    archive = GatedArchive(store)
    node = MemoryNode(ROOMS, store=store, archive=archive)

    async def life(*, task_status: TaskStatus[None]) -> None:
        async with node.running():
            task_status.started()
            await node.publish("room", "message", 1, sender="ada")

    with fail_after(30):
        async with create_task_group() as tasks:
            await tasks.start(life)
            await archive.reached.wait()
            tasks.cancel_scope.cancel()
            archive.gate.set()
    assert [event.data for event in store.rooms["room"].all.events] == [1]


async def test_handlers_get_every_event_in_order_and_one_that_fails_is_passed_over() -> None:
    node = MemoryNode(ROOMS)
    heard: list[object] = []
    done = Signal()

    async def handler(event: Event) -> None:
        if event.data == 1:
            raise ValueError("a fault of the handler")
        heard.append(event.data)
        if event.data == 3:
            done.set()

    node.listeners.on("room", "message", handler)
    async with node.running():
        for number in range(4):
            await node.publish("room", "message", number, sender="ada")
        with fail_after(30):
            await done.wait()
    assert heard == [0, 2, 3]


async def test_a_stop_lets_handlers_have_what_is_queued_for_them() -> None:
    node = MemoryNode(ROOMS)
    heard: list[object] = []

    async def slow(event: Event) -> None:
        for _ in range(20):
            await checkpoint()
        heard.append(event.data)

    node.listeners.on("room", "message", slow)
    async with node.running():
        for number in range(50):
            await node.publish("room", "message", number, sender="ada")
        assert len(heard) < 50
    assert heard == list(range(50))


async def test_a_handler_may_publish_in_the_room_that_it_listens_to() -> None:
    node = MemoryNode(ROOMS)
    answered = Signal()

    async def handler(event: Event) -> None:
        if event.sender == "ada":
            await node.publish("room", "message", "hello back", sender="bot")
        else:
            answered.set()

    node.listeners.on("room", None, handler)
    async with node.running():
        await node.publish("room", "message", "hello", sender="ada")
        with fail_after(30):
            await answered.wait()


async def test_a_room_made_at_run_time_is_there_after_a_restart_and_its_deletion_too() -> None:
    runtime = RuntimeRooms(events=[MESSAGE])
    node = MemoryNode(ROOMS, runtime)
    async with node.running():
        for room_id in ("club", "gone"):
            await node.dialogue.create_room(StoredRoom(id=room_id, name=room_id, created_by_id="ada"))
            await node.publish(room_id, "message", "hi", sender="ada")
        await node.dialogue.delete_room("gone")
    again = MemoryNode(ROOMS, runtime, store=node.store)
    async with again.running():
        assert [event.data for event in await again.dialogue.room("club").history("message")] == ["hi"]
        with pytest.raises(RoomNotFound):
            await again.dialogue.room("gone").history("message")


async def test_a_room_made_again_has_another_epoch_and_seqs_that_go_on() -> None:
    node = MemoryNode(ROOMS, RuntimeRooms(events=[MESSAGE]))
    async with node.running():
        lives = []
        for _ in range(2):
            await node.dialogue.create_room(StoredRoom(id="club", name="Club"))
            await node.publish("club", "message", "hi", sender="ada")
            position = await node.dialogue.room("club").position()
            lives.append(position)
            assert len(await node.dialogue.room("club").history("message")) == 1
            await node.dialogue.delete_room("club")
    assert lives[0].epoch != lives[1].epoch
    assert [position.seq for position in lives] == [1, 2]


async def test_rooms_made_at_run_time_are_bounded_and_refused_by_name() -> None:
    node = MemoryNode(ROOMS, RuntimeRooms(events=[MESSAGE], max_rooms=3, max_rooms_per_user=2))
    async with node.running():
        for number in range(2):
            await node.manage.create(StoredRoom(id=f"ada-{number}", name="Ada's", created_by_id="ada"))
        with pytest.raises(Forbidden, match="You have already made"):
            await node.manage.create(StoredRoom(id="ada-2", name="Ada's", created_by_id="ada"))
        with pytest.raises(RoomExists):
            await node.manage.create(StoredRoom(id="room", name="Room", created_by_id="bob"))
        await node.manage.create(StoredRoom(id="bob-0", name="Bob's", created_by_id="bob"))
        with pytest.raises(Forbidden, match="as many rooms as are allowed"):
            await node.manage.create(StoredRoom(id="bob-1", name="Bob's", created_by_id="bob"))
        with pytest.raises(Forbidden, match="Only who made"):
            await node.manage.delete("bob-0", identity=Identity(user_id="ada"))
        with pytest.raises(Forbidden, match="belongs to the application"):
            await node.manage.delete("room", identity=Identity(user_id="ada"))


async def test_a_node_that_was_not_started_says_how_to_start_it() -> None:
    node = MemoryNode(ROOMS)
    with pytest.raises(Unavailable, match="must enter its lifespan"):
        node.node.ensure_running()
