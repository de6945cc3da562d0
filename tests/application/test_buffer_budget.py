"""Buffers are bounded in bytes, each and all together; pages are right whatever that evicts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from dialogue.application.rooms.buffer_budget import PART_OF_ONE, BufferBudget
from dialogue.domain.event_definition import History, define_event
from dialogue.domain.page import After, Around, Before, Newest, Offsets, PageForm, PageRequest
from dialogue.domain.position import Position
from dialogue.domain.room import RoomConfig

from .node import MemoryNode

pytestmark = pytest.mark.anyio

MAX_BYTES = 1 << 20
ROOMS = 30
EVENTS = 24
LARGE = "x" * 6_000
message = define_event("message", history=History(limit=100))
note = define_event("note", history=History(limit=100))


def held(node: MemoryNode) -> dict[str, int]:
    """How many bytes each room's buffers hold."""
    histories = {room.id: node.registry.opened(room.id) for room in node.registry.rooms()}
    return {
        room_id: sum(buffer.size for buffer in history.buffers)
        for room_id, history in histories.items()
        if history is not None
    }


@asynccontextmanager
async def crowded(rooms: int = ROOMS) -> AsyncIterator[MemoryNode]:
    """Rooms with far more in them than memory may hold, and one with a little."""
    configs = {f"room-{number}": RoomConfig(name="Room", events=[message, note]) for number in range(rooms)}
    node = MemoryNode({"small": RoomConfig(name="Small", events=[message]), **configs}, max_buffer_bytes=MAX_BYTES)
    async with node.running():
        for number in range(10):
            await node.publish("small", "message", number, sender="ada")
        for number in range(EVENTS):
            for room_id in configs:
                name = "note" if number % 4 == 0 else "message"
                await node.publish(room_id, name, [number, LARGE], sender="ada")
                assert sum(held(node).values()) <= MAX_BYTES
        yield node


async def numbers(node: MemoryNode, room_id: str, form: PageForm, name: str | None = None) -> list[int]:
    request = PageRequest(room_id=room_id, event_name=name, form=form, limit=10)
    return [event.json[0] for event in (await node.pages(request)).events]


async def test_what_is_held_is_shared_fairly() -> None:
    async with crowded() as node:
        sizes = held(node)
        assert sizes.pop("small") > 0
        assert len(await numbers_of_small(node)) == 10
        assert max(sizes.values()) - min(sizes.values()) <= 4 * len(LARGE), "no room has much more than another"
        assert sum(sizes.values()) > MAX_BYTES // 2, "the bound is made use of"


async def numbers_of_small(node: MemoryNode) -> list[object]:
    _, history = await node.registry.open("small")
    return [event.json for event in history.before(["message"], history.head + 1, 100)]


async def test_pages_and_recoveries_are_right_whatever_was_evicted() -> None:
    async with crowded() as node:
        for room_id in ("room-0", "room-17"):
            assert await numbers(node, room_id, Newest()) == list(range(23, 13, -1))
            assert await numbers(node, room_id, Before(12)) == list(range(10, 0, -1))
            assert await numbers(node, room_id, After(4)) == list(range(13, 3, -1))
            assert await numbers(node, room_id, Around(12)) == list(range(16, 6, -1))
            assert await numbers(node, room_id, Offsets(1, 4), "note") == [16, 12, 8]
            room, history = await node.registry.open(room_id)
            names = {"message", "note"}
            run = await node.recover(room, history, names, Position(epoch=history.epoch, seq=3))
            assert run is not None
            assert [event.seq for event in run.events] == list(range(24, 3, -1))


async def test_opening_all_rooms_again_stays_within_the_bound() -> None:
    async with crowded() as node:
        for room_id in held(node):
            node.registry.forget(room_id)
        for room in node.registry.rooms():
            await node.registry.open(room.id)
            assert sum(held(node).values()) <= MAX_BYTES


async def test_one_stream_holds_no_more_than_its_part() -> None:
    async with crowded(rooms=1) as node:
        assert 0 < held(node)["room-0"] <= 2 * MAX_BYTES // PART_OF_ONE
        node.registry.forget("room-0")
        _, history = await node.registry.open("room-0")
        assert all(buffer.size <= MAX_BYTES // PART_OF_ONE for buffer in history.buffers)
        assert all(len(history.stream(name).buffer) > 0 for name in ("message", "note"))


async def test_without_the_budget_the_check_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BufferBudget, "take", lambda *_: None)
    with pytest.raises(AssertionError):
        async with crowded():
            pass
