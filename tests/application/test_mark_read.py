"""Marking what was read: who may, how far, and who is told."""

from __future__ import annotations

import pytest

from dialogue.adapters.memory.read_marks import MemoryReadMarks
from dialogue.application.reading.mark_read import MarkRead
from dialogue.domain.errors import NotJoined, PositionUnknown, Unavailable
from dialogue.domain.event_definition import History, define_event
from dialogue.domain.ports.read_marks import Mark
from dialogue.domain.room import RoomConfig

from .node import MemoryNode, sent

pytestmark = pytest.mark.anyio

ROOMS = {"room": RoomConfig(name="Room", events=[define_event("message", history=History(limit=2))])}


async def test_a_member_marks_and_the_users_other_sessions_are_told() -> None:
    async with MemoryNode(ROOMS).running() as node:
        for number in range(5):
            await node.publish("room", "message", number, sender="eve")
        phone, laptop, other = node.session("ada"), node.session("ada"), node.session("bob")
        await node.join(phone, "room")
        await node.join(other, "room")
        assert await node.mark_read(phone, "room", 3) == Mark(seq=3, unread=2)
        assert sent(laptop) == ["Marked"]  # which has not joined the room
        assert sent(phone) == sent(other) == []
        assert await node.mark_read.unread("ada", ["room"]) == {"room": 2}
        assert await node.mark_read.unread("bob", ["room"]) == {}


async def test_only_a_member_may_mark() -> None:
    async with MemoryNode(ROOMS).running() as node:
        session = node.session()
        with pytest.raises(NotJoined):
            await node.mark_read(session, "room", 0)
        assert await node.mark_read.unread("ada", ["room"]) == {}


async def test_a_seq_beyond_the_head_is_unknown_and_marks_nothing() -> None:
    async with MemoryNode(ROOMS).running() as node:
        session = node.session()
        position = (await node.join(session, "room")).position
        with pytest.raises(PositionUnknown) as unknown:
            await node.mark_read(session, "room", 1)
        assert unknown.value.details == {"epoch": position.epoch, "floor": 0, "head": 0}
        assert await node.mark_read.unread("ada", ["room"]) == {}


async def test_a_session_that_has_ended_is_told_nothing() -> None:
    async with MemoryNode(ROOMS).running() as node:
        first, second = node.session(), node.session()
        await node.join(first, "room")
        node.hub.disconnect(second)
        await node.mark_read(first, "room", 0)
        assert sent(second) == []
        node.hub.disconnect(first)
        node.hub.disconnect(first)


async def test_the_marks_of_a_user_who_is_erased_are_forgotten() -> None:
    async with MemoryNode(ROOMS).running() as node:
        for user_id in ("ada", "bob"):
            session = node.session(user_id)
            await node.join(session, "room")
            await node.mark_read(session, "room", 0)
        await node.dialogue.erase("ada")
        assert await node.mark_read.unread("ada", ["room"]) == {}
        assert await node.mark_read.unread("bob", ["room"]) == {"room": 0}


class Lost(MemoryReadMarks):
    """Marks that cannot be reached."""

    async def unread(self, *_: object) -> dict[str, int]:
        raise Unavailable("gone")


async def test_where_marks_cannot_be_reached_rooms_are_listed_without_them() -> None:
    node = MemoryNode(ROOMS)
    mark_read = MarkRead(node.registry, node.hub, Lost(node.store), node.apply, node.tell)
    assert await mark_read.unread("ada", ["room"]) == {}
