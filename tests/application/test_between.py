"""What is asked between a change of the archive and the moment in which the node has taken it up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import pytest
from anyio import Event as Signal
from anyio import create_task_group, fail_after, wait_all_tasks_blocked

from dialogue.adapters.memory.history_archive import MemoryHistoryArchive
from dialogue.adapters.memory.history_source import MemoryHistorySource
from dialogue.adapters.memory.room_store import MemoryRoomStore
from dialogue.adapters.memory.store import MemoryStore
from dialogue.application.rooms.room_history import REMEMBERED_REDACTIONS
from dialogue.application.rooms.runtime_rooms import RuntimeRooms
from dialogue.domain.errors import RoomNotFound
from dialogue.domain.event import Event
from dialogue.domain.event_definition import History, define_event
from dialogue.domain.page import AfterTime, BeforeTime, Page, PageForm, PageLimit, PageRequest
from dialogue.domain.ports.room_store import StoredRoom
from dialogue.domain.position import Position, RoomHead
from dialogue.domain.room import RoomConfig

from .node import MemoryNode

pytestmark = pytest.mark.anyio

MESSAGE = define_event("message", history=History(limit=1))
NOTE = define_event("note", history=History(limit=10))
TYPING = define_event("typing")
ROOMS = {"room": RoomConfig(name="Room", events=[MESSAGE, TYPING])}


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
        with fail_after(30):
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
        with fail_after(30):
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


class LateSource(MemoryHistorySource):
    """Gives later what it has read."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__(store)
        self.read, self.gate = Signal(), Signal()

    async def older(self, room_id: str, names: Sequence[str] | None, before: int, limit: PageLimit) -> list[Event]:
        rows = await super().older(room_id, names, before, limit)
        self.read.set()
        await self.gate.wait()
        return rows


class LateTimes(MemoryHistorySource):
    """Says later where a time begins than it has looked."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__(store)
        self.looked, self.gate = Signal(), Signal()

    async def seq_at(self, room_id: str, timestamp_ms: int) -> int | None:
        found = await super().seq_at(room_id, timestamp_ms)
        self.looked.set()
        await self.gate.wait()
        return found


@pytest.mark.parametrize(
    ("form", "seqs"),
    [
        (AfterTime(1_200), [3]),
        (AfterTime(1_300), []),
        (AfterTime(1_350), []),
        (BeforeTime(1_300), [2, 1]),
        (BeforeTime(1_350), [1]),
    ],
)
async def test_a_time_is_found_among_events_that_become_visible_while_it_is_looked_for(
    form: PageForm, seqs: list[int]
) -> None:
    """Another node keeps two events, which this one takes up after it was asked where the time begins."""
    store = MemoryStore()
    source = LateTimes(store)
    pages: list[Page] = []
    async with (
        MemoryNode(ROOMS, store=store, source=source).running() as node,
        MemoryNode(ROOMS, store=store).running() as other,
    ):
        await node.publish("room", "message", 1, sender="ada")
        node.clock.now = 1_400
        await node.publish("room", "typing", None, sender="ada")  # the room's time is later than its last event's
        for other.clock.now in (1_200, 1_300):
            await other.publish("room", "message", other.clock.now, sender="bob")

        async def read() -> None:
            pages.append(await node.pages(PageRequest(room_id="room", form=form)))

        with fail_after(60):
            async with create_task_group() as tasks:
                tasks.start_soon(read)
                await source.looked.wait()
                await node.apply.look("room")
                source.gate.set()
    assert [event.seq for event in pages[0].events] == seqs


@pytest.mark.parametrize("redactions", [1, REMEMBERED_REDACTIONS + 1])
async def test_a_page_holds_nothing_that_was_taken_away_while_it_was_read(redactions: int) -> None:
    """Its reader has been told of that already, and would show it again."""
    store = MemoryStore()
    source = LateSource(store)
    pages: list[Page] = []
    async with MemoryNode(ROOMS, store=store, source=source).running() as node:
        for number in range(redactions + 2):
            await node.publish("room", "message", number, sender="ada")

        async def read() -> None:
            pages.append(await node.pages(PageRequest(room_id="room", event_name="message", limit=redactions + 2)))

        with fail_after(60):
            async with create_task_group() as tasks:
                tasks.start_soon(read)
                await source.read.wait()
                for seq in range(1, redactions + 1):
                    await node.redact("room", seq, by="ada")
                source.gate.set()
    blank = [event.seq for event in reversed(pages[0].events) if event.is_redacted]
    assert blank == [*range(1, redactions + 1)]


async def read_page(node: MemoryNode) -> Sequence[Event]:
    return (await node.pages(PageRequest(room_id="room"))).events


async def read_at_joining(node: MemoryNode) -> Sequence[Event]:
    return (await node.join(node.session("bob"), "room")).history


async def recover(node: MemoryNode) -> Sequence[Event]:
    _, history = await node.registry.open("room")
    joined = await node.join(node.session("eve"), "room", since=Position(epoch=history.epoch, seq=0))
    assert joined.recovered
    return joined.history


@pytest.mark.parametrize("read", [read_page, read_at_joining, recover])
async def test_what_was_read_blank_is_not_read_whole_again(
    read: Callable[[MemoryNode], Awaitable[Sequence[Event]]],
) -> None:
    """The storage knows of another node's redaction before this one has told of it."""
    store = MemoryStore()
    rooms = {"room": RoomConfig(name="Room", events=[MESSAGE, NOTE], sync_history_on_join=10)}
    node, other = MemoryNode(rooms, store=store), MemoryNode(rooms, store=store)
    async with node.running(), other.running():
        for name in ("note", "message", "message"):  # all messages are not in memory, so they are read with the note
            await node.publish("room", name, "secret", sender="ada")
        await other.redact("room", 1, by="mod")
        blank = [event.seq for event in await read(node) if event.is_redacted]
        page = await node.pages(PageRequest(room_id="room", event_name="note"))
    assert blank == [event.seq for event in page.events if event.is_redacted] == [1]
