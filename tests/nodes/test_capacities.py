"""Who is in a room is counted over all nodes, and a node that was given up gives its places up."""

from __future__ import annotations

from functools import partial
from time import monotonic

import pytest
from anyio import create_task_group

from dialogue.adapters.memory.presence import MemoryPresence
from dialogue.adapters.memory.store import MemoryStore
from dialogue.application.deadline import deadline_at
from dialogue.application.nodes.keep_lease import KeepLease
from dialogue.application.nodes.turn import Turn
from dialogue.domain.errors import DialogueError, RoomFull, Unavailable
from dialogue.domain.ports.presence import LeaseOver, NodeLife
from dialogue.domain.room import RoomConfig

from ..application.node import MemoryNode
from .cluster import MESSAGE, ROOMS, Client, Cluster, learned

pytestmark = pytest.mark.anyio

SMALL = {**ROOMS, "small": RoomConfig(name="Small", events=[MESSAGE], max_size=3)}
USERS = ("ada", "ada", "bob", "eve", "ada", "bob")


def small(size: int = 3, lease_s: float = 15.0) -> Cluster:
    """Nodes with a room for three."""
    return Cluster(size, rooms=SMALL, lease_s=lease_s)


def presence_of(node: MemoryNode) -> MemoryPresence:
    """What the nodes share."""
    return node.store.presence


async def test_a_room_holds_no_more_than_its_maximum_over_all_nodes() -> None:
    async with small().running() as nodes:
        outcomes: list[str] = []

        async def join(node: MemoryNode, number: int) -> None:
            try:
                await Client(node, f"user-{number}").join("small")
                outcomes.append("in")
            except RoomFull:
                outcomes.append("full")

        async with create_task_group() as tasks:
            for number, node in enumerate(nodes * 4):
                tasks.start_soon(join, node, number)
        assert sorted(outcomes) == ["full"] * 9 + ["in"] * 3
        assert sum(node.hub.size("small") for node in nodes) == 3


async def test_a_place_that_comes_free_on_one_node_can_be_taken_on_another() -> None:
    async with small(2).running() as (one, other):
        clients = [Client(one, f"user-{number}") for number in range(3)]
        for client in clients:
            await client.join("small")
        late = Client(other, "late")
        with pytest.raises(RoomFull):
            await late.join("small")
        one.join.leave(clients[0].session, "small")
        one.hub.disconnect(clients[1].session)
        await learned(one, lambda: _places(one, other) == 1)
        await late.join("small")
        await Client(other, "later").join("small")
        with pytest.raises(RoomFull):
            await clients[0].join("small")


def _places(one: MemoryNode, other: MemoryNode) -> int:
    said = presence_of(other)._leases[one.name].said.get("small")
    return 0 if said is None else said.crowd.sessions


async def test_who_is_in_already_needs_no_second_place() -> None:
    async with small(2).running() as (one, _):
        clients = [Client(one, f"user-{number}") for number in range(3)]
        for client in clients * 2:
            await client.join("small")


async def test_a_join_that_fails_gives_its_place_back(monkeypatch: pytest.MonkeyPatch) -> None:
    async with small(2).running() as (one, other):

        async def broken(*_: object) -> None:
            raise Unavailable("a fault")

        with monkeypatch.context() as patch:
            patch.setattr(one.join, "_read", broken)
            for number in range(3):
                with pytest.raises(Unavailable):
                    await Client(one, f"user-{number}").join("small")
        await learned(one, lambda: _places(one, other) == 0)
        for number in range(3):
            await Client(other, f"user-{number}").join("small")


async def test_a_dead_nodes_places_are_given_up_after_its_lease() -> None:
    store = MemoryStore()
    async with Cluster(1, rooms=SMALL, store=store).running() as (one,):
        dead = NodeLife(node_id="dead", life=1)
        await presence_of(one).renew(dead, 15.0)
        await presence_of(one).claim(dead, 1, "small", 3, 3)
        client = Client(one, "ada")
        with pytest.raises(RoomFull):
            await client.join("small")
        presence_of(one)._leases["dead"].until = 0.0  # its time has passed
        await client.join("small")


async def test_a_node_that_finds_its_lease_over_ends_who_is_in_bounded_rooms_and_begins_anew() -> None:
    async with small(2, lease_s=2).running() as (one, other):
        bounded, free = Client(one, "ada"), Client(one, "bob")
        await bounded.join("small")
        await free.join("room")
        first = one.lease.node
        await learned(one, lambda: "room" in presence_of(one)._leases["a"].said)
        presence_of(one)._leases["a"].until = 0.0
        await learned(one, lambda: bounded.is_closed)
        assert "small" not in bounded.session.memberships
        assert not free.is_closed
        lease = partial(presence_of(one)._leases.__getitem__, "a")
        await learned(one, lambda: lease().life > first.life and "room" in lease().said)
        assert _places(one, other) == 0
        for number in range(3):
            await Client(other, f"user-{number}").join("small")


async def test_a_node_that_cannot_renew_gives_up_before_the_others_give_it_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async with small(2, lease_s=2).running() as (one, _):
        member = Client(one, "ada")
        await member.join("small")
        renew = MemoryPresence.renew

        async def cut_off(self: MemoryPresence, node: NodeLife, lease_s: float) -> None:
            if node.node_id == "a":
                raise Unavailable("cut off")
            await renew(self, node, lease_s)

        monkeypatch.setattr(MemoryPresence, "renew", cut_off)
        await learned(one, lambda: member.is_closed)
        assert presence_of(one)._leases["a"].until > monotonic()
        assert not one.lease.is_held
        monkeypatch.undo()
        await learned(one, lambda: one.lease.is_held)
        await Client(one, "ada").join("small")


async def test_without_a_lease_nobody_gets_a_place() -> None:
    node = MemoryNode(SMALL, is_one_of_many=True)
    node.lease._presence = MemoryPresence()
    with pytest.raises(DialogueError) as refused, deadline_at(0):
        await Client(node, "ada").join("small")
    assert isinstance(refused.value, LeaseOver)


async def test_members_are_told_how_many_are_in_the_room_on_all_nodes() -> None:
    async with small().running() as nodes:
        clients = [Client(node, user) for node, user in zip(nodes * 2, USERS, strict=True)]
        for client in clients:
            await client.join()
        for client in clients:
            await client.until(lambda client=client: "RoomSize room 6 3" in client.heard("RoomSize"))  # type: ignore[misc]
        nodes[0].hub.disconnect(clients[3].session)
        await clients[1].until(lambda: clients[1].heard("RoomSize")[-1] == "RoomSize room 5 2")


async def test_rooms_are_listed_with_who_is_in_them_elsewhere() -> None:
    async with small(2).running() as (one, other):
        await Client(one, "ada").join("small")
        await Client(one, "ada").join("small")
        await learned(one, lambda: presence_of(one)._leases["a"].said["small"].crowd.users == {"ada": 2})
        await other.crowds.look(["small"])
        info = other.crowds.counted(other.manage.find("small"))
        assert (info.size, info.users) == (2, 1)


async def test_one_node_at_a_time_sweeps() -> None:
    presence = MemoryPresence(lambda: now)
    now = 0.0
    one, other = (_turn(presence, node_id) for node_id in ("a", "b"))
    assert await one.is_ours()
    assert not await other.is_ours()
    now = 61.0
    assert await other.is_ours()
    assert await _turn(None, "a").is_ours()


def _turn(presence: MemoryPresence | None, node_id: str) -> Turn:
    return Turn(presence, KeepLease(presence, NodeLife(node_id=node_id, life=1)), "sweep", 60)
