"""Joining while events are published: nothing missed, nothing twice."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from anyio import Event as Signal
from anyio import create_task_group, fail_after

from dialogue.adapters.memory.history_source import MemoryHistorySource
from dialogue.adapters.memory.store import MemoryStore
from dialogue.application.ports.authenticator import Identity
from dialogue.application.rooms.runtime_rooms import RuntimeRooms
from dialogue.domain.errors import EventNotAllowed, NotJoined, RoomFull, RoomNotFound, Unavailable
from dialogue.domain.event import Event
from dialogue.domain.event_definition import History, define_event
from dialogue.domain.page import PageLimit
from dialogue.domain.ports.room_store import StoredRoom
from dialogue.domain.position import Position
from dialogue.domain.room import RoomConfig

from .node import MemoryNode, ReadableCodec, sent

pytestmark = pytest.mark.anyio

MESSAGE = define_event("message", history=History(limit=2))
TYPING = define_event("typing")
ROOMS = {
    "room": RoomConfig(name="Room", events=[MESSAGE, TYPING], sync_history_on_join=10),
    "small": RoomConfig(name="Small", events=[MESSAGE], max_size=1),
    "quiet": RoomConfig(name="Quiet", events=[MESSAGE, TYPING], default_subscriptions=["message"]),
}


class Broken(Exception):
    """A fault of the source's own."""


class GatedSource:
    """The source in memory; while the gate is shut, a read waits before it looks."""

    def __init__(self, store: MemoryStore) -> None:
        self._source = MemoryHistorySource(store)
        self.gate: Signal | None = None
        self.reading = Signal()
        self.failure: Exception | None = None

    async def _pass(self) -> None:
        if self.gate is not None:
            self.reading.set()
            await self.gate.wait()
        if self.failure is not None:
            raise self.failure

    async def older(self, room_id: str, names: Sequence[str] | None, before: int, limit: PageLimit) -> list[Event]:
        await self._pass()
        return await self._source.older(room_id, names, before, limit)

    async def newer(self, room_id: str, names: Sequence[str] | None, after: int, limit: PageLimit) -> list[Event]:
        await self._pass()
        return await self._source.newer(room_id, names, after, limit)

    async def between(self, room_id: str, name: str, first: int, last: int, size: int) -> list[Event]:
        await self._pass()
        return await self._source.between(room_id, name, first, last, size)

    async def seq_at(self, room_id: str, timestamp_ms: int) -> int | None:
        await self._pass()
        return await self._source.seq_at(room_id, timestamp_ms)


def gated() -> tuple[MemoryNode, GatedSource]:
    store = MemoryStore()
    source = GatedSource(store)
    runtime = RuntimeRooms(events=[MESSAGE])
    return MemoryNode(ROOMS, runtime, store=store, source=source), source


async def publish(node: MemoryNode, count: int, room: str = "room") -> None:
    for number in range(count):
        await node.publish(room, "message", number, sender="bob")


async def test_what_is_published_during_the_snapshots_read_comes_live_after_it_and_only_there() -> None:
    node, source = gated()
    async with node.running():
        await publish(node, 5)
        session = node.session()
        found: list[int] = []
        source.gate = Signal()

        async def join() -> None:
            joined = await node.join(session, "room")
            found.extend(event.place for event in joined.history)
            assert joined.position.seq == 5
            assert sent(session) == [], "nothing goes out before the answer"
            node.join.release(session, "room")

        with fail_after(30):
            async with create_task_group() as tasks:
                tasks.start_soon(join)
                await source.reading.wait()
                await publish(node, 4)
                source.gate.set()
        assert found == [5, 4, 3, 2, 1]
        await publish(node, 1)
        assert sent(session) == ["message:6", "message:7", "message:8", "message:9", "message:10"]


async def test_a_page_asked_before_an_event_does_not_hold_it_and_loses_none_that_is_evicted_meanwhile() -> None:
    node, source = gated()
    async with node.running():
        await publish(node, 6)
        source.gate = Signal()
        found: list[int] = []

        async def read() -> None:
            events = await node.dialogue.room("room").history("message", 0, 6)
            found.extend(event.place for event in events)

        with fail_after(30):
            async with create_task_group() as tasks:
                tasks.start_soon(read)
                await source.reading.wait()
                await publish(node, 3)
                source.gate.set()
        assert found == [6, 5, 4, 3, 2, 1]


async def test_joining_again_is_a_fresh_snapshot_and_takes_no_second_place() -> None:
    node, _ = gated()
    async with node.running():
        session = node.session()
        await node.join(session, "small")
        node.join.release(session, "small")
        await publish(node, 2, "small")
        again = await node.join(session, "small")
        assert [event.place for event in again.history] == [2, 1]
        assert node.hub.size("small") == 1
        with pytest.raises(RoomFull):
            await node.join(node.session("bob"), "small")
        node.join.leave(session, "small")
        await node.join(node.session("eve"), "small")


async def test_where_the_source_is_out_of_reach_a_join_shows_what_memory_holds_and_live_goes_on() -> None:
    node, source = gated()
    async with node.running():
        await publish(node, 5)
        source.failure = Unavailable("no disk")
        session = node.session()
        joined = await node.join(session, "room")
        node.join.release(session, "room")
        assert ([event.seq for event in joined.history], joined.has_more) == ([5, 4], True)
        back = await node.join(session, "room", since=Position(epoch=joined.position.epoch, seq=1))
        node.join.release(session, "room")
        assert (back.recovered, [event.seq for event in back.history], back.has_more) == (False, [5, 4], True)
        await publish(node, 1)
        assert sent(session) == ["message:6"]


async def test_a_join_that_cannot_read_the_history_leaves_everything_as_it_was() -> None:
    node, source = gated()
    async with node.running():
        await publish(node, 5)
        session, member = node.session(), node.session("bob")
        source.failure = Broken("no disk")
        with pytest.raises(Broken):
            await node.join(session, "room")
        assert node.hub.size("room") == 0
        with pytest.raises(NotJoined):
            session.membership("room")
        source.failure = None
        await node.join(member, "room", events=["message"])
        node.join.release(member, "room")
        source.failure = Broken("no disk")
        with pytest.raises(Broken):
            await node.join(member, "room", events=["message", "typing"])
        await node.publish("room", "typing", None, sender="bob")
        await publish(node, 1)
        assert sent(member) == ["message:6"], "the earlier subscriptions stay"


async def test_a_room_deleted_during_a_join_is_refused_after_the_member_was_told() -> None:
    node, source = gated()
    async with node.running():
        await node.manage.create(StoredRoom(id="club", name="Club", created_by_id="ada"))
        await publish(node, 5, "club")
        session = node.session()
        source.gate = Signal()

        async def join() -> None:
            with pytest.raises(RoomNotFound):
                await node.join(session, "club")

        with fail_after(30):
            async with create_task_group() as tasks:
                tasks.start_soon(join)
                await source.reading.wait()
                await node.manage.delete("club", identity=Identity(user_id="ada"))
                source.gate.set()
        assert sent(session) == ["TakenOut", "RoomDeleted"]
        assert session.memberships == {}


async def test_subscriptions_begin_with_the_rooms_defaults_and_change_by_name() -> None:
    node, _ = gated()
    async with node.running():
        session = node.session()
        assert (await node.join(session, "quiet")).events == ("message",)
        node.join.release(session, "quiet")
        assert node.join.subscribe(session, "quiet", ["*"]) == ["message", "typing"]
        assert node.join.unsubscribe(session, "quiet", ["message"]) == ["typing"]
        await publish(node, 1, "quiet")
        await node.publish("quiet", "typing", None, sender="bob")
        assert sent(session) == ["typing:None"]
        with pytest.raises(EventNotAllowed):
            node.join.subscribe(session, "quiet", ["nothing"])


async def test_one_batch_is_encoded_once_for_all_with_the_same_subscriptions() -> None:
    node, _ = gated()
    async with node.running():
        sessions = [node.session(f"user-{number}") for number in range(50)]
        for number, session in enumerate(sessions):
            await node.join(session, "room", events=["message"] if number % 2 else None)
            node.join.release(session, "room")
        await publish(node, 1)
        assert isinstance(node.codec, ReadableCodec)
        assert node.codec.encoded == 2
        for session in sessions:
            assert sent(session) == ["message:1"]
