"""Members on all nodes are told one sequence, whatever the bus does."""

from __future__ import annotations

import pytest
from anyio import create_task_group

from dialogue.application.publishing.publish_event import PublishEvent
from dialogue.domain.page import Newest, PageRequest
from dialogue.domain.room import RoomConfig

from .cluster import MESSAGE, NOTE, TYPING, Client, Cluster

pytestmark = pytest.mark.anyio

BUSES = [("fine", 0), ("deaf", 0), *(("rough", seed) for seed in range(6))]


async def publish_many(publish: PublishEvent, count: int, sender: str) -> list[int]:
    """Publish so many events one after the other; their seqs."""
    events = [await publish("room", "message" if n % 3 else "note", n, sender=sender) for n in range(count)]
    return [event.place for event in events]


@pytest.mark.parametrize(("bus", "seed"), BUSES)
async def test_all_members_are_told_every_event_once_in_one_order(bus: str, seed: int) -> None:
    async with Cluster(3, bus, seed).running() as nodes:
        clients = [Client(node, f"user-{number}") for number, node in enumerate(nodes * 2)]
        for client in clients:
            await client.join()
        async with create_task_group() as tasks:
            for number, node in enumerate(nodes * 3):
                tasks.start_soon(publish_many, node.publish, 20, f"writer-{number}")
        for client in clients:
            await client.until(lambda client=client: len(client.seqs()) >= 180)  # type: ignore[misc]
            assert client.seqs() == list(range(1, 181))
            assert client.told == clients[0].told


@pytest.mark.parametrize(("bus", "seed"), BUSES)
async def test_a_client_that_goes_from_node_to_node_misses_nothing(bus: str, seed: int) -> None:
    async with Cluster(3, bus, seed).running() as nodes:
        first = Client(nodes[0], "ada")
        await first.join()
        async with create_task_group() as tasks:
            for node in nodes:
                tasks.start_soon(publish_many, node.publish, 15, "writer")
            seen = first
            for number in range(12):
                told = seen.seqs()
                epoch = nodes[0].registry.epoch("room")
                assert epoch is not None
                assert seen.position is not None
                at = type(seen.position)(epoch=epoch, seq=told[-1] if told else seen.position.seq)
                seen.node.hub.disconnect(seen.session)
                client = Client(nodes[number % 3], "ada")
                client.told = list(seen.told)
                assert await client.join(since=at)
                seen = client
        await seen.until(lambda: len(seen.seqs()) >= 45)
        assert seen.seqs() == list(range(1, 46))


async def test_an_answer_never_runs_ahead_of_what_its_own_node_shows() -> None:
    async with Cluster(2, "deaf", poll_interval_s=60).running() as (one, other):
        member = Client(other, "ada")
        await member.join()
        await publish_many(one.publish, 3, "eve")
        event = await other.publish("room", "message", "mine", sender="bob")
        assert event.place == 4
        assert member.seqs() == [1, 2, 3, 4]


async def test_names_that_a_node_does_not_define_pass_through_it_without_harm() -> None:
    older = {"room": RoomConfig(name="Room", events=[MESSAGE, TYPING])}
    async with Cluster(2, rooms_of={"b": older}).running() as (one, other):
        member = Client(other, "ada")
        await member.join()
        for name in ("message", "note", "note", "message"):
            await one.publish("room", name, 1, sender="eve")
        await member.until(lambda: len(member.seqs()) == 2)
        assert member.seqs() == [1, 4]
        assert (await other.publish("room", "message", 2, sender="bob")).seq == 5
        page = await other.pages(PageRequest(room_id="room", form=Newest(), limit=10))
        assert [event.seq for event in page.events] == [5, 4, 1]
        assert NOTE.name not in other.registry.room("room").definitions


async def test_a_room_that_nobody_is_in_here_is_not_read() -> None:
    async with Cluster(2).running() as (one, other):
        await publish_many(one.publish, 3, "eve")
        await other.poll.learn()
        assert other.registry.opened("room") is None
        member = Client(other, "ada")
        await member.join()
        assert member.seqs() == [1, 2, 3]


async def test_what_was_written_past_all_nodes_is_found() -> None:
    """As an application does in its own transaction."""
    async with Cluster(2, "deaf").running() as (one, other):
        members = [Client(one, "ada"), Client(other, "bob")]
        for member in members:
            await member.join()
        async with Cluster(1, store=one.store).running() as (outside,):
            await publish_many(outside.publish, 3, "eve")
        for member in members:
            await member.until(lambda member=member: len(member.seqs()) == 3)  # type: ignore[misc]
