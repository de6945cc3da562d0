"""Rooms that other nodes make, delete, trim, blank and begin anew are the same here."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from anyio import Event as Signal
from anyio import create_task_group, fail_after

from dialogue.adapters.memory.history_archive import MemoryHistoryArchive
from dialogue.adapters.memory.storage import MemoryStorage
from dialogue.adapters.memory.store import MemoryStore
from dialogue.application.ports.authenticator import Identity
from dialogue.domain.errors import Forbidden, PositionUnknown, RoomExists, RoomNotFound
from dialogue.domain.page import After, Newest, PageRequest
from dialogue.domain.ports.room_store import StoredRoom
from dialogue.domain.position import Position, RoomHead, StreamFloor
from dialogue.domain.redaction import ERASED

from ..application.node import MemoryNode
from .cluster import Client, Cluster, learned

pytestmark = pytest.mark.anyio

CLUB = StoredRoom(id="club", name="Club", created_by_id="ada")


def blanked(node: MemoryNode, seq: int) -> bool:
    """Whether memory of that node shows a tombstone there."""
    history = node.registry.opened("room")
    assert history is not None
    return any(event.seq == seq and event.is_redacted for event in history.stream("message").buffer.snapshot())


async def publish(node: MemoryNode, count: int, room_id: str = "room") -> None:
    for number in range(count):
        await node.publish(room_id, "message", number, sender="eve")


async def test_a_room_made_elsewhere_is_told_to_everyone_and_can_be_joined() -> None:
    async with Cluster(3).running() as nodes:
        clients = [Client(node, "ada") for node in nodes]
        await nodes[0].manage.create(CLUB, by=clients[0].session)
        for client in clients[1:]:
            await client.until(lambda client=client: bool(client.heard("RoomCreated")))  # type: ignore[misc]
            await client.join("club")
        await publish(nodes[2], 2, "club")
        await clients[1].until(lambda: clients[1].seqs() == [1, 2])
        assert [client.heard("RoomCreated") for client in clients] == [[], ["RoomCreated club"], ["RoomCreated club"]]


async def test_a_room_made_just_now_elsewhere_is_there_for_who_asks() -> None:
    """Without a notice, and long before the next poll."""
    async with Cluster(2, "deaf", poll_interval_s=60).running() as (one, other):
        await one.manage.create(CLUB)
        client = Client(other, "bob")
        await client.join("club")
        with pytest.raises(RoomNotFound):
            await client.join("nowhere")
        await one.manage.create(StoredRoom(id="another", name="Another"))
        assert (await other.list_rooms.one(Identity(user_id="bob"), "another")).name == "Another"


async def test_a_room_deleted_elsewhere_takes_its_members_out() -> None:
    async with Cluster(2, "deaf").running() as (one, other):
        await one.manage.create(CLUB)
        member, stranger = Client(other, "bob"), Client(other, "eve")
        await member.join("club")
        await publish(one, 1, "club")
        await one.manage.delete("club")
        await stranger.until(lambda: bool(stranger.heard("RoomDeleted")))
        assert member.heard("TakenOut") == ["TakenOut club"]
        assert member.heard("RoomDeleted") == stranger.heard("RoomDeleted") == ["RoomDeleted club"]
        assert "club" not in member.session.memberships
        with pytest.raises(RoomNotFound):
            await member.join("club")


async def test_a_room_that_is_deleted_and_made_again_elsewhere_is_another_one() -> None:
    async with Cluster(2, "deaf", poll_interval_s=60).running() as (one, other):
        await one.manage.create(CLUB)
        member = Client(other, "bob")
        await member.join("club")
        member.read().clear()
        await publish(one, 2, "club")
        await one.manage.delete("club")
        await one.manage.create(StoredRoom(id="club", name="Another", event_names=("typing",), created_by_id="bob"))
        await other.poll.learn()
        assert other.manage.find("club").name == "Another"
        assert member.heard("TakenOut") == ["TakenOut club"]
        assert member.heard("RoomDeleted") + member.heard("RoomCreated") == ["RoomDeleted club", "RoomCreated club"]
        with pytest.raises(Forbidden):
            await other.manage.delete("club", identity=Identity(user_id="ada"))


async def test_who_makes_and_deletes_it_here_is_told_once() -> None:
    async with Cluster(2).running() as (one, other):
        clients = [Client(node, "ada") for node in (one, other)]
        for _ in range(3):
            await one.manage.create(CLUB)
            await other.poll.learn()
            await other.manage.delete("club")
            await one.poll.learn()
        for client in clients:
            assert client.read() == ["RoomCreated club", "RoomDeleted club"] * 3


async def test_one_room_of_an_id_is_made_however_many_nodes_try() -> None:
    async with Cluster(3, "deaf", poll_interval_s=60).running() as nodes:
        outcomes = []

        async def make(node: MemoryNode) -> None:
            try:
                outcomes.append((await node.manage.create(CLUB)).id)
            except RoomExists:
                outcomes.append("exists")

        async with create_task_group() as tasks:
            for node in nodes:
                tasks.start_soon(make, node)
        assert sorted(outcomes) == ["club", "exists", "exists"]


async def test_rooms_made_elsewhere_count_for_what_is_allowed() -> None:
    async with Cluster(2, "deaf", poll_interval_s=60).running() as (one, other):
        for number, node in enumerate((one, other, one)):
            await node.manage.create(StoredRoom(id=f"room-{number}", name="Room", created_by_id="ada"))
        with pytest.raises(Forbidden, match="as many rooms as are allowed"):
            await other.manage.create(StoredRoom(id="room-4", name="Room", created_by_id="ada"))


async def test_a_redaction_elsewhere_blanks_what_memory_holds() -> None:
    async with Cluster(2, "deaf").running() as (one, other):
        member = Client(other, "ada")
        await member.join()
        await publish(one, 3)
        await member.until(lambda: member.seqs() == [1, 2, 3])
        await one.redact("room", 2, by="mod")
        await member.until(lambda: member.seqs() == [1, 2, 3, 4])
        assert blanked(other, 2)
        page = await other.pages(PageRequest(room_id="room", form=Newest(), limit=10))
        assert [(event.seq, event.is_redacted) for event in page.events][2] == (2, True)


async def test_a_sender_who_is_erased_elsewhere_is_forgotten_here() -> None:
    async with Cluster(2, "deaf").running() as (one, other):
        member = Client(other, "ada")
        await member.join()
        await publish(one, 3)
        await one.redact("room", 2, by="eve")
        await member.until(lambda: member.seqs() == [1, 2, 3, 4])
        await one.erase("eve", by="admin")
        history = other.registry.opened("room")
        assert history is not None

        def senders() -> set[str]:
            events = [
                *history.stream("message").buffer.snapshot(),
                *history.stream("dialogue.redacted").buffer.snapshot(),
            ]
            return {event.sender for event in events}

        await learned(other, lambda: "eve" not in senders())
        assert senders() <= {ERASED, "admin"}


async def trimmed(one: MemoryNode, other: MemoryNode) -> Position:
    """Where a client of `other` stands, of whose next events `one` has trimmed some; `other` has heard of none."""
    _, history = await other.registry.open("room")
    await publish(one, 12)
    await other.apply.look("room")
    await MemoryStorage(one.store).archive.trim("room", "message", StreamFloor(event_seq=6, seq=6))
    return Position(epoch=history.epoch, seq=2)


async def test_what_another_node_has_trimmed_is_not_recovered() -> None:
    async with Cluster(2, "deaf", poll_interval_s=60).running() as (one, other):
        since = await trimmed(one, other)
        client = Client(other, "ada")
        assert await client.join(since=since) is False
        assert await Client(other, "bob").join(since=Position(epoch=since.epoch, seq=6)) is True


async def test_a_page_across_what_another_node_has_trimmed_is_refused() -> None:
    async with Cluster(2, "deaf", poll_interval_s=60).running() as (one, other):
        since = await trimmed(one, other)
        with pytest.raises(PositionUnknown):
            await other.pages(PageRequest(room_id="room", form=After(since.seq), limit=10))


async def test_memory_lets_go_of_what_another_node_has_trimmed() -> None:
    async with Cluster(2, "deaf").running() as (one, other):
        _, history = await other.registry.open("room")
        await publish(one, 12)
        await learned(other, lambda: history.head == 12)
        await MemoryStorage(one.store).archive.trim("room", "message", StreamFloor(event_seq=10, seq=10))
        await learned(other, lambda: history.stream("message").floor == 10)
        assert [event.seq for event in history.stream("message").buffer.snapshot()] == [11, 12]


async def test_members_come_back_where_another_node_has_trimmed_what_they_were_not_shown() -> None:
    """To be shown what is left would be to miss the rest without knowing."""
    async with Cluster(2, "deaf", poll_interval_s=60).running() as (one, other):
        member = Client(other, "bob")
        await member.join()
        await publish(one, 12)
        await MemoryStorage(one.store).archive.trim("room", "message", StreamFloor(event_seq=10, seq=10))
        other.poll.wake()
        await learned(other, lambda: member.is_closed)
        assert member.seqs() == []
        assert await Client(other, "bob").join(since=member.position) is False


def wipe(store: MemoryStore) -> None:
    store.rooms.clear()
    store.name = "another"


def restore(store: MemoryStore) -> None:
    room = store.rooms["room"]
    for run in (room.all, room.streams["message"]):
        del run.events[2:]
        run.head = 2
    store.name = "restored"


def begin_anew(store: MemoryStore) -> None:
    store.rooms["room"].begin_anew()
    store.note_move("room")


@pytest.mark.parametrize("happens", [wipe, restore, begin_anew])
async def test_members_come_back_to_a_room_that_begins_a_new_life(happens: Callable[[MemoryStore], None]) -> None:
    async with Cluster(2, "deaf").running() as (one, other):
        members = [Client(one, "ada"), Client(other, "bob")]
        for member in members:
            await member.join()
        await publish(one, 4)
        for member in members:
            await member.until(lambda member=member: member.seqs() == [1, 2, 3, 4])  # type: ignore[misc]
        history = one.registry.opened("room")
        assert history is not None
        happens(one.store)
        for member in members:
            await learned(member.node, lambda member=member: member.is_closed)  # type: ignore[misc]
        again = Client(other, "bob")
        assert await again.join(since=history.position) is False
        assert again.position is not None
        assert again.position.epoch != history.epoch
        await publish(one, 1)
        await again.until(lambda: again.seqs()[-1:] == [again.position.seq + 1])  # type: ignore[union-attr]


class SlowToOpen(MemoryHistoryArchive):
    """Looks how far a room reaches, and says so when it may."""

    gate: Signal | None = None

    async def open(self, room_id: str) -> RoomHead:
        head = await super().open(room_id)
        if self.gate is not None:
            await self.gate.wait()
        return head


async def test_what_happens_elsewhere_while_a_room_is_opened_is_not_missed() -> None:
    def storage_of(store: MemoryStore, name: str) -> MemoryStorage:
        storage = MemoryStorage(store)
        if name == "b":
            storage.archive = slow = SlowToOpen(store)
            slow.gate = gate
        return storage

    gate = Signal()
    async with Cluster(2, "deaf", storage_of=storage_of).running() as (one, other):
        member = Client(other, "ada")
        async with create_task_group() as tasks:
            with fail_after(30):
                tasks.start_soon(member.join)
                await learned(one, lambda: "room" in one.store.rooms)
                await publish(one, 3)
                await other.poll.learn()
                await other.poll.learn()
                gate.set()
        await member.until(lambda: member.seqs() == [1, 2, 3])
