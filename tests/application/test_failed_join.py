"""A second join that fails: the first stays in force, as if nobody had tried."""

from __future__ import annotations

import pytest
from anyio import Event as Signal
from anyio import create_task_group, fail_after

from dialogue.domain.errors import RoomNotFound
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

        with fail_after(5):
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

        with fail_after(5):
            async with create_task_group() as tasks:
                tasks.start_soon(join)
                await source.reading.wait()
                await node.manage.delete("club", user_id="ada")
                source.gate.set()
        assert session.memberships == {}
        assert node.hub.size("club") == 0
        assert sent(session) == ["TakenOut", "RoomDeleted"]


async def test_who_holds_back_too_much_while_its_join_is_read_is_too_slow() -> None:
    """In bytes as well as in frames: what waits for one client is bounded, also before it is answered."""
    node, source = gated()
    async with node.running():
        await publish(node, 5)
        for session in (node.session("few", max_frames=3), node.session("small", max_bytes=1_000)):
            source.gate, source.reading = Signal(), Signal()

            with fail_after(5):
                async with create_task_group() as tasks:
                    tasks.start_soon(node.join, session, "room")
                    await source.reading.wait()
                    for _ in range(4):
                        await node.publish("room", "message", "x" * 300, sender="bob")
                    source.gate.set()
            assert session.outbox.closing is not None
            assert session.outbox.closing.code == 4413
