"""Idle rooms leave memory and come back unchanged."""

from __future__ import annotations

import gc

import pytest

from dialogue.application.rooms.room_history import RoomHistory
from dialogue.domain.event_definition import History, define_event
from dialogue.domain.room import RoomConfig

from .node import MemoryNode, sent

pytestmark = pytest.mark.anyio

EVENTS = [define_event("message", history=History(limit=3)), define_event("rare", history=History(limit=1))]
ROOMS = {f"room-{number}": RoomConfig(name="Room", events=EVENTS) for number in range(20)}


async def filled(node: MemoryNode) -> None:
    for room_id in ROOMS:
        for name in ("message", "rare", "message", "message", "message"):
            await node.publish(room_id, name, 1, sender="ada")


def closed_twice(node: MemoryNode) -> None:
    node.idle_rooms.close()
    node.idle_rooms.close()


async def test_rooms_that_nobody_uses_leave_memory_and_the_next_use_finds_all() -> None:
    gc.collect()
    of_others = {id(each) for each in gc.get_objects() if isinstance(each, RoomHistory)}
    node = MemoryNode(ROOMS)
    async with node.running():
        await filled(node)
        before = {room_id: await node.dialogue.room(room_id).position() for room_id in ROOMS}
        closed_twice(node)
        gc.collect()
        assert {id(each) for each in gc.get_objects() if isinstance(each, RoomHistory)} <= of_others
        for room_id in ROOMS:
            assert await node.dialogue.room(room_id).position() == before[room_id]
            assert [event.seq for event in await node.dialogue.room(room_id).history("message", 0, 9)] == [5, 4, 3, 1]
            assert (await node.publish(room_id, "message", 2, sender="ada")).seq == 6


async def test_a_room_that_was_used_meanwhile_stays() -> None:
    node = MemoryNode(ROOMS)
    async with node.running():
        await filled(node)
        node.idle_rooms.close()
        await node.dialogue.room("room-7").position()
        node.idle_rooms.close()
        assert [room_id for room_id in ROOMS if node.registry.opened(room_id) is not None] == ["room-7"]


async def test_a_room_with_somebody_in_it_stays_and_its_members_miss_nothing() -> None:
    node = MemoryNode(ROOMS)
    async with node.running():
        await filled(node)
        member = node.session()
        await node.join(member, "room-1")
        node.join.release(member, "room-1")
        closed_twice(node)
        closed_twice(node)
        await node.publish("room-1", "message", 3, sender="ada")
        assert sent(member) == ["message:6"]
        node.join.leave(member, "room-1")
        closed_twice(node)
        assert node.registry.opened("room-1") is None
