"""A second join that fails: the first stays in force, as if nobody had tried."""

from __future__ import annotations

import pytest
from anyio import Event as Signal
from anyio import create_task_group, fail_after

from dialogue.application.ports.authenticator import Identity
from dialogue.application.sessions.join_room import READINGS, Joined
from dialogue.domain.errors import RoomNotFound, Unavailable
from dialogue.domain.ports.room_store import StoredRoom

from .node import sent
from .test_join_room import Broken, gated, publish

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("names", [["message"], ["message", "typing"]])
async def test_what_was_held_back_goes_to_the_earlier_subscriptions(names: list[str]) -> None:
    """Neither does a name of the failed join come, nor is one of the earlier join lost."""
    node, source = gated()
    async with node.running():
        await publish(node, 5)
        session = node.session()
        await node.join(session, "room", events=["typing"])
        node.join.release(session, "room")
        source.gate, source.failure = Signal(), Broken("no disk")

        async def join() -> None:
            with pytest.raises(Broken):
                await node.join(session, "room", events=names)

        with fail_after(30):
            async with create_task_group() as tasks:
                tasks.start_soon(join)
                await source.reading.wait()
                for name in ("message", "typing", "message"):
                    await node.publish("room", name, 1, sender="bob")
                source.gate.set()
        await node.publish("room", "typing", 1, sender="bob")
        assert sent(session) == ["typing:None", "typing:None"]


async def test_where_the_room_was_deleted_meanwhile_nobody_is_put_back_into_it() -> None:
    node, source = gated()
    async with node.running():
        await node.manage.create(StoredRoom(id="club", name="Club", created_by_id="ada"))
        await publish(node, 5, "club")
        session = node.session()
        await node.join(session, "club", events=[])
        node.join.release(session, "club")
        source.gate, source.failure = Signal(), Broken("no disk")

        async def join() -> None:
            with pytest.raises((Broken, RoomNotFound)):
                await node.join(session, "club")

        with fail_after(30):
            async with create_task_group() as tasks:
                tasks.start_soon(join)
                await source.reading.wait()
                await node.manage.delete("club", identity=Identity(user_id="ada"))
                source.gate.set()
        assert session.memberships == {}
        assert node.hub.size("club") == 0
        assert sent(session) == ["TakenOut", "RoomDeleted"]


@pytest.mark.parametrize("bound", [{"max_frames": 3}, {"max_bytes": 1_000}])
async def test_a_join_reads_again_where_more_came_meanwhile_than_can_be_held_back(bound: dict[str, int]) -> None:
    """In bytes as well as in frames: what waits for one client is bounded, and a client that reads is not closed."""
    node, source = gated()
    async with node.running():
        await publish(node, 5)
        session = node.session("few", **bound)
        source.gate, source.reading = Signal(), Signal()
        joined: list[Joined] = []

        async def join() -> None:
            joined.append(await node.join(session, "room"))
            node.join.release(session, "room")

        with fail_after(30):
            async with create_task_group() as tasks:
                tasks.start_soon(join)
                await source.reading.wait()
                for _ in range(4):
                    await node.publish("room", "message", "x" * 300, sender="bob")
                source.gate.set()
        assert session.outbox.closing is None
        await node.publish("room", "message", "later", sender="bob")
        places = [event.place for event in reversed(joined[0].history)]
        assert places[-1] == joined[0].position.seq == 9
        assert places == [*range(places[0], 10)]
        assert sent(session) == ["message:10"]


async def test_a_join_that_never_catches_up_is_unavailable_and_leaves_nobody_in_the_room() -> None:
    node, source = gated()
    async with node.running():
        await publish(node, 5)
        session = node.session("few", max_frames=3)

        async def join() -> None:
            with pytest.raises(Unavailable, match="More happens"):
                await node.join(session, "room")

        with fail_after(30):
            source.gate, source.reading = Signal(), Signal()
            async with create_task_group() as tasks:
                tasks.start_soon(join)
                for _ in range(READINGS):
                    await source.reading.wait()
                    for _ in range(4):
                        await node.publish("room", "message", 1, sender="bob")
                    gate, source.gate, source.reading = source.gate, Signal(), Signal()
                    gate.set()
        assert node.hub.size("room") == 0
        assert session.outbox.closing is None
