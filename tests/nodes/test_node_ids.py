"""What becomes of a node that is started again, and of two that are called alike."""

from __future__ import annotations

import logging

import pytest

from dialogue.adapters.memory.storage import MemoryStorage
from dialogue.adapters.memory.store import MemoryStore
from dialogue.application.readiness import Readiness
from dialogue.domain.errors import RoomFull
from dialogue.domain.ports.presence import NodeReplaced

from ..application.node import MemoryNode
from .cluster import Client, learned
from .test_capacities import SMALL, presence_of

pytestmark = pytest.mark.anyio


def node(store: MemoryStore, name: str = "a", lease_s: float = 15.0) -> MemoryNode:
    """A node over the store, started later than those before it."""
    return MemoryNode(SMALL, store=store, name=name, is_one_of_many=True, lease_s=lease_s)


async def test_a_node_that_is_started_again_has_its_places_free_at_once() -> None:
    store = MemoryStore()
    killed = node(store)
    await presence_of(killed).renew(killed.lease.node, 15.0)
    await presence_of(killed).claim(killed.lease.node, 1, "small", 3, 3)
    async with node(store).running() as again, node(store, "b").running() as other:
        await learned(again, lambda: again.lease.is_held)
        for number, one in enumerate((again, other, again)):
            await Client(one, f"user-{number}").join("small")
        with pytest.raises(RoomFull):
            await Client(other, "late").join("small")


async def test_of_two_nodes_called_alike_the_older_gives_up_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    store = MemoryStore()
    async with node(store, lease_s=3).running() as older:
        storage = MemoryStorage(store)
        ready = Readiness(storage, storage.source, 60, lease=older.lease)
        member = Client(older, "ada")
        await member.join("small")
        ready.ensure_ready()
        async with node(store, lease_s=3).running() as newer:
            await learned(newer, lambda: newer.lease.is_held)
            await learned(older, lambda: older.lease.is_replaced)
            assert member.is_closed
            with pytest.raises(NodeReplaced):
                ready.ensure_ready()
            for number in range(3):
                await Client(newer, f"user-{number}").join("small")
        said = [record for record in caplog.records if record.levelno == logging.ERROR]
        assert [record.getMessage() for record in said] == [
            "Another node was started as 'a'; each needs a node id of its own"
        ]
        await learned(older, lambda: older.lease.is_held)
        ready.ensure_ready()
        await Client(older, "ada").join("small")


async def test_a_node_that_another_has_replaced_does_no_work_for_all() -> None:
    store = MemoryStore()
    async with node(store, lease_s=3).running() as older:
        await learned(older, lambda: older.lease.is_held)
        assert await older.turn.is_ours()
        async with node(store, lease_s=3).running() as newer:
            await learned(older, lambda: older.lease.is_replaced)
            assert not await older.turn.is_ours()
            assert await newer.turn.is_ours()
