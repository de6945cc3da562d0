"""What only notices tell: events without history, and how far a user has read."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from anyio import create_task_group
from anyio.lowlevel import checkpoint

from dialogue.adapters.memory.history_source import MemoryHistorySource
from dialogue.adapters.memory.storage import MemoryStorage
from dialogue.adapters.memory.store import MemoryStore
from dialogue.domain.event import Event
from dialogue.domain.page import PageLimit

from .cluster import Client, Cluster

pytestmark = pytest.mark.anyio

ROUGH = [("rough", seed) for seed in range(6)]


async def test_events_without_history_reach_members_of_all_nodes_once() -> None:
    async with Cluster(3).running() as nodes:
        clients = [Client(node, "ada") for node in nodes]
        for client in clients:
            await client.join()
        for number in range(5):
            await nodes[number % 3].publish("room", "typing", number, sender="eve", meta={"n": number})
        await nodes[0].publish("room", "typing", {"text": 'a "quoted" é'}, sender="eve")
        for client in clients:
            await client.until(lambda client=client: len(client.heard("typing")) == 6)  # type: ignore[misc]
            assert sorted(client.heard("typing")) == [
                *(f"typing None {number}" for number in range(5)),
                'typing None {"text":"a \\"quoted\\" é"}',
            ]


class SlowToRead(MemoryHistorySource):
    """Takes its time to give events, as a database does."""

    async def newer(self, room_id: str, names: Sequence[str] | None, after: int, limit: PageLimit) -> list[Event]:
        """See `HistorySource.newer`."""
        for _ in range(50):
            await checkpoint()
        return await super().newer(room_id, names, after, limit)


def slow_to_read(store: MemoryStore, _: str) -> MemoryStorage:
    """Such a storage."""
    storage = MemoryStorage(store)
    storage.source = SlowToRead(store)
    return storage


async def test_they_do_not_overtake_their_own_senders_events() -> None:
    """Though the notice is there long before the events can be read."""
    async with Cluster(2, poll_interval_s=60, storage_of=slow_to_read).running() as (one, other):
        member = Client(other, "ada")
        await member.join()
        for number in range(10):
            await one.publish("room", "message", number, sender="eve")
            await one.publish("room", "typing", number, sender="eve")
        await member.until(lambda: len(member.heard("typing")) == 10)
        assert member.told == [
            said for number in range(10) for said in (f"message {number + 1} {number}", f"typing None {number}")
        ]


@pytest.mark.parametrize(("bus", "seed"), ROUGH)
async def test_a_rough_bus_may_lose_them_and_never_repeats_or_reorders_them(bus: str, seed: int) -> None:
    async with Cluster(2, bus, seed).running() as (one, other):
        member = Client(other, "ada")
        await member.join()
        for number in range(40):
            await one.publish("room", "typing", number, sender="eve")
            await one.poll.learn()
        await one.publish("room", "message", "last", sender="eve")
        await member.until(lambda: member.seqs() == [1])
        heard = [int(said.split()[2]) for said in member.heard("typing")]
        assert heard == sorted(set(heard))
        assert heard


async def test_they_are_dropped_where_nobody_is_in_the_room_and_in_another_life() -> None:
    async with Cluster(2, poll_interval_s=60).running() as (one, other):
        await one.publish("room", "typing", 1, sender="eve")
        assert other.registry.opened("room") is None
        member = Client(other, "ada")
        await member.join()
        one.store.rooms["room"].begin_anew()
        one.registry.forget("room")
        await one.publish("room", "typing", 2, sender="eve")
        await one.poll.learn()
        assert member.heard("typing") == []


async def test_a_users_other_sessions_are_told_how_far_was_read() -> None:
    async with Cluster(2).running() as (one, other):
        phone, laptop, stranger = Client(one, "ada"), Client(other, "ada"), Client(other, "bob")
        await phone.join()
        for number in range(3):
            await one.publish("room", "message", number, sender="eve")
        await one.mark_read(phone.session, "room", 2)
        await laptop.until(lambda: laptop.heard("Marked") == ["Marked room 2"])
        assert phone.heard("Marked") == stranger.heard("Marked") == []


async def test_many_senders_at_once_fill_several_notices() -> None:
    async with Cluster(2).running() as (one, other):
        one.bus.max_size = 8_000  # type: ignore[misc]
        member = Client(other, "ada")
        await member.join()

        async def send(number: int) -> None:
            await one.publish("room", "typing", "x" * 3_000 + str(number), sender=f"sender-{number}")

        async with create_task_group() as tasks:
            for number in range(20):
                tasks.start_soon(send, number)
        await member.until(lambda: len(member.heard("typing")) == 20)
        assert len(set(member.heard("typing"))) == 20


async def test_a_handler_is_called_on_the_node_that_kept_the_event_and_on_no_other() -> None:
    cluster = Cluster(2)
    async with cluster.running() as (one, other):
        members = [Client(node, "ada") for node in (one, other)]
        for member in members:
            await member.join()
        for number in range(3):
            await one.publish("room", "message", number, sender="eve")
            await one.publish("room", "typing", number, sender="eve")
        await other.publish("room", "message", "other's", sender="eve")
        for member in members:
            await member.until(lambda member=member: member.seqs() == [1, 2, 3, 4])  # type: ignore[misc]
    told = {name: [(event.name, event.json) for event in events] for name, events in cluster.handled.items()}
    assert told == {
        "a": [(name, number) for number in range(3) for name in ("message", "typing")],
        "b": [("message", "other's")],
    }
