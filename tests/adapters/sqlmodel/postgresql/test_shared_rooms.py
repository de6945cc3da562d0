"""Two nodes that write the same many rooms do it in about as many transactions as if each had its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from anyio import create_task_group, fail_after

from dialogue.adapters.sqlmodel.postgresql.database import PostgresqlDatabase
from dialogue.adapters.sqlmodel.postgresql.history_source import FEW
from dialogue.adapters.sqlmodel.postgresql.storage import PostgresqlStorage
from dialogue.domain.draft import Draft
from dialogue.domain.draft_group import DraftGroup
from dialogue.domain.event import Event
from dialogue.domain.event_definition import History, define_event
from dialogue.domain.page import PageLimit
from dialogue.domain.room import RoomConfig

from ....application.node import MemoryNode

pytestmark = pytest.mark.anyio

EVENTS = [define_event("message", history=History(limit=10))]
ROOMS = {f"room-{number}": RoomConfig(name="Room", events=EVENTS) for number in range(100)}
EACH = 5


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often a database was asked to do something."""
    counted = Counter[str]()
    for name in ("transact", "read", "peek"):
        monkeypatch.setattr(PostgresqlDatabase, name, _counting(getattr(PostgresqlDatabase, name), counted, name))
    return counted


def _counting(method: Any, counted: Counter[str], name: str) -> Callable[..., Awaitable[Any]]:
    async def count(*arguments: Any) -> Any:
        counted[name] += 1
        return await method(*arguments)

    return count


async def test_it_takes_few_transactions_and_reads(nodes: list[PostgresqlStorage], counted: Counter[str]) -> None:
    """With a transaction for each room that the other node has locked it would be 170, with a read for each 1,000."""
    one, two = (
        MemoryNode(ROOMS, storage=storage, name=name, is_one_of_many=True, poll_interval_s=0.1)
        for storage, name in zip(nodes, ("one", "two"), strict=True)
    )
    kept: Counter[str] = Counter()

    async def write(node: MemoryNode, room_id: str) -> None:
        for number in range(EACH):
            event = await node.publish(room_id, "message", number, sender="ada")
            assert isinstance(event, Event)
            kept[room_id] = max(kept[room_id], event.place)

    with fail_after(120):
        async with one.running(), two.running():
            for node in (one, two):
                for room_id in ROOMS:
                    await node.registry.open(room_id)
            counted.clear()
            async with create_task_group() as tasks:
                for room_id in ROOMS:
                    for node in (one, two):
                        tasks.start_soon(write, node, room_id)
    events = 2 * EACH * len(ROOMS)
    print(f"{events} events: {dict(counted)}")
    assert kept == dict.fromkeys(ROOMS, 2 * EACH), "each node has told all its writers"
    assert counted["transact"] <= events / 10
    assert counted["read"] + counted["peek"] <= events / 4


async def test_what_is_new_in_many_rooms_is_read_at_once_and_long_or_large_news_on_their_own(
    storage: PostgresqlStorage, counted: Counter[str]
) -> None:
    lengths = {"none": 0, "few": 3, "long": FEW + 10, "large": 12, "last": 2}
    payloads = {"large": b'"%s"' % (b"x" * 60_000)}
    for room_id, length in lengths.items():
        epoch = (await storage.archive.open(room_id)).epoch
        payload = payloads.get(room_id, b"1")
        draft = Draft(room_id=room_id, epoch=epoch, name="message", payload=payload, sender="ada")
        await storage.archive.append([DraftGroup.of(draft)] * length, {}, 1)
    counted.clear()
    found: dict[str, list[int]] = {}

    async def read(room_id: str) -> None:
        events = await storage.source.newer(room_id, None, 1, PageLimit(events=1_000))
        assert all(event.room_id == room_id for event in events)
        assert all(event.payload == payloads.get(room_id, b"1") for event in events)
        found[room_id] = [event.place for event in events]

    async with create_task_group() as tasks:
        for room_id in [*lengths, "unknown"]:
            tasks.start_soon(read, room_id)
    assert found == {"unknown": [], **{room_id: [*range(2, length + 1)] for room_id, length in lengths.items()}}
    # One for all; then one for each room with too much, and for those behind the point from which it was too large.
    assert counted == {"peek": 5, "read": 1}
