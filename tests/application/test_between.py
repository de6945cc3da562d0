"""What is asked between a change of the archive and the moment in which the node has taken it up."""

from __future__ import annotations

import pytest
from anyio import Event as Signal
from anyio import create_task_group, fail_after, wait_all_tasks_blocked

from dialogue.adapters.memory.history_archive import MemoryHistoryArchive
from dialogue.adapters.memory.room_store import MemoryRoomStore
from dialogue.adapters.memory.store import MemoryStore
from dialogue.application.rooms.runtime_rooms import RuntimeRooms
from dialogue.domain.errors import RoomNotFound
from dialogue.domain.event_definition import History, define_event
from dialogue.domain.page import PageRequest
from dialogue.domain.ports.room_store import StoredRoom
from dialogue.domain.position import Position, RoomHead
from dialogue.domain.room import RoomConfig

from .node import MemoryNode

pytestmark = pytest.mark.anyio

MESSAGE = define_event("message", history=History(limit=1))
ROOMS = {"room": RoomConfig(name="Room", events=[MESSAGE])}


class LateRoomStore(MemoryRoomStore):
    """Says later that a room is gone than it goes."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__(store)
        self.deleted, self.gate = Signal(), Signal()

    async def delete(self, room_id: str) -> None:
        await super().delete(room_id)
        self.deleted.set()
        await self.gate.wait()


class LateArchive(MemoryHistoryArchive):
    """Says later how far a room reaches than it has looked, the first time."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__(store)
        self.looked, self.gate = Signal(), Signal()

    async def open(self, room_id: str) -> RoomHead:
        head = await super().open(room_id)
        if not self.looked.is_set():
            self.looked.set()
            await self.gate.wait()
        return head


async def test_nothing_is_recovered_or_read_from_a_room_that_is_being_deleted() -> None:
    store = MemoryStore()
    rooms = LateRoomStore(store)
    node = MemoryNode({}, RuntimeRooms(events=[MESSAGE]), store=store, room_store=rooms)
    async with node.running():
        await node.manage.create(StoredRoom(id="room", name="Room"))
        for number in range(3):
            await node.publish("room", "message", number, sender="ada")
        _, history = await node.registry.open("room")
        with fail_after(5):
            async with create_task_group() as tasks:
                tasks.start_soon(node.manage.delete, "room")
                await rooms.deleted.wait()
                since = Position(epoch=history.epoch, seq=0)
                joined = await node.join(node.session(), "room", since=since)
                assert joined.recovered is False, "two of the three are gone"
                with pytest.raises(RoomNotFound):
                    await node.pages(PageRequest(room_id="room"))
                rooms.gate.set()


async def test_who_opens_a_room_while_a_user_is_erased_reads_what_is_left_of_it() -> None:
    store = MemoryStore()
    async with MemoryNode(ROOMS, store=store).running() as before:
        await before.publish("room", "message", "secret", sender="ada")
    archive = LateArchive(store)
    node = MemoryNode(ROOMS, store=store, archive=archive)
    async with node.running():
        with fail_after(5):
            async with create_task_group() as tasks:
                tasks.start_soon(node.registry.open, "room")
                await archive.looked.wait()
                tasks.start_soon(erase, node)
                await wait_all_tasks_blocked()
                archive.gate.set()
        page = await node.pages(PageRequest(room_id="room"))
    assert [(event.name, event.sender, event.is_redacted) for event in page.events] == [
        ("dialogue.redacted", "mod", False),
        ("message", "erased", True),
    ]


async def erase(node: MemoryNode) -> None:
    await node.erase("ada", by="mod")
