"""A transaction of the application keeps one room locked, and a whole node goes on in all others."""

from __future__ import annotations

from time import monotonic

import asyncpg
import pytest
from anyio import create_task_group, fail_after

from dialogue.adapters.sqlmodel.postgresql.database import PostgresqlDatabase
from dialogue.adapters.sqlmodel.postgresql.engine import PostgresqlSettings
from dialogue.adapters.sqlmodel.postgresql.storage import PostgresqlStorage
from dialogue.application.deadline import deadline_at
from dialogue.domain.errors import Unavailable
from dialogue.domain.event import Event
from dialogue.domain.event_definition import History, define_event
from dialogue.domain.room import RoomConfig

from ....application.node import MemoryNode

pytestmark = pytest.mark.anyio

EVENTS = [define_event("message", history=History(limit=100))]
ROOMS = {name: RoomConfig(name=name, events=EVENTS) for name in ("locked", "b", "c", "d")}
PUBLISHED = 150


async def latencies(node: MemoryNode) -> list[float]:
    """How long each of some events took in the other rooms, in order of size."""
    found = []
    for number in range(PUBLISHED):
        began = monotonic()
        await node.publish("bcd"[number % 3], "message", number, sender="ada")
        found.append(monotonic() - began)
    return sorted(found)


async def test_all_other_rooms_go_on_as_before(storage: PostgresqlStorage, url: str) -> None:
    node = MemoryNode(ROOMS, storage=storage)
    kept: list[Event] = []

    async def publish(number: int) -> None:
        kept.append(await node.publish("locked", "message", number, sender="ada"))

    connection = await asyncpg.connect(url)
    async with node.running():
        await node.publish("locked", "message", "first", sender="ada")
        free = await latencies(node)
        with fail_after(60):
            async with create_task_group() as tasks, connection.transaction():
                await connection.execute("SELECT 1 FROM dialogue_rooms WHERE room_id = 'locked' FOR UPDATE")
                for number in range(20):
                    tasks.start_soon(publish, number)
                beside = await latencies(node)
                assert not kept
    await connection.close()
    assert [event.data for event in kept] == list(range(20))
    assert [event.seq for event in kept] == list(range(2, 22))
    middle, late = PUBLISHED // 2, PUBLISHED * 9 // 10
    for what, found in (("free", free), ("beside a locked room", beside)):
        print(f"{what}: p50 {found[middle] * 1e3:.1f} ms, p90 {found[late] * 1e3:.1f} ms")
    assert beside[late] < max(10 * free[late], 2), "nobody waits for the lock of another room, which takes seconds"


async def test_who_publishes_into_a_locked_room_is_answered_at_its_deadline(
    url: str,
) -> None:
    """And not at the time-out of locks."""
    storage = PostgresqlStorage(PostgresqlDatabase(PostgresqlSettings(url=url, lock_timeout_s=600)))
    node = MemoryNode(ROOMS, storage=storage)
    connection = await asyncpg.connect(url)
    async with storage.running(), node.running():
        await node.publish("locked", "message", "first", sender="ada")
        with fail_after(60):
            async with connection.transaction():
                await connection.execute("SELECT 1 FROM dialogue_rooms WHERE room_id = 'locked' FOR UPDATE")
                began = monotonic()
                with deadline_at(began + 1), pytest.raises(Unavailable, match="locked"):
                    await node.publish("locked", "message", "late", sender="ada")
                assert monotonic() - began > 0.3
        event = await node.publish("locked", "message", "second", sender="ada")
    assert event.seq == 2, "what was refused is not kept later"
    await connection.close()
