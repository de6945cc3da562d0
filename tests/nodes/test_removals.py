"""A user who is removed is removed on every node, also where no bus tells of it."""

from __future__ import annotations

import pytest
from anyio import fail_after
from anyio.lowlevel import checkpoint

from dialogue.adapters.memory.removals import MemoryRemovals
from dialogue.domain.errors import Unavailable
from dialogue.domain.ports.removals import Removal

from .cluster import BUSES, PATIENCE_S, Client, Cluster, learned

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("bus", BUSES)
async def test_a_users_connections_end_on_every_node(bus: str) -> None:
    async with Cluster(3, bus).running() as nodes:
        adas = [Client(node, "ada") for node in nodes * 2]
        bob = Client(nodes[1], "bob")
        for client in (*adas, bob):
            await client.join()
        await nodes[0].remove_user(Removal(user_id="ada", reason="spam"))
        assert adas[0].is_closed
        for client in adas:
            await learned(client.node, lambda client=client: client.is_closed)  # type: ignore[misc]
            closing = client.session.outbox.closing
            assert closing is not None
            assert (closing.code, closing.reason) == (4403, "spam")
        assert not bob.is_closed
        assert [[*node.hub.users("room")] for node in nodes] == [[], ["bob"], []]


async def test_a_user_is_taken_out_of_one_room_on_every_node() -> None:
    async with Cluster(2, "deaf").running() as (one, other):
        ada, bob = Client(other, "ada"), Client(other, "bob")
        for client in (ada, bob):
            await client.join()
        await one.remove_user(Removal(user_id="ada", room_id="room", reason="enough"))
        await ada.until(lambda: bool(ada.heard("TakenOut")))
        assert "room" not in ada.session.memberships
        assert "room" in bob.session.memberships
        assert not ada.is_closed


async def test_a_user_is_found_and_taken_out_of_all_rooms_on_every_node() -> None:
    async with Cluster(3).running() as nodes:
        one, *_ = nodes
        adas = [Client(node, "ada") for node in (*nodes, nodes[2])]
        for client in adas:
            await client.join()
        rooms = one.people.rooms_of("ada")
        with fail_after(PATIENCE_S):
            while await rooms.everywhere() != {"room": 4}:
                await checkpoint()
        assert await one.people.rooms_of("bob").everywhere() == {}
        one.join.leave(adas[0].session, "room")
        rooms = one.people.rooms_of("ada")
        assert (rooms.ids, await rooms.everywhere()) == ((), {"room": 3})
        await rooms.leave_all("enough")
        for client in adas[1:]:
            await client.until(lambda client=client: bool(client.heard("TakenOut")))  # type: ignore[misc]
            assert client.session.memberships == {}


async def test_who_comes_later_is_not_removed() -> None:
    async with Cluster(2).running() as (one, other):
        await one.remove_user(Removal(user_id="ada"))
        await other.poll.learn()
        ada = Client(other, "ada")
        await ada.join()
        for _ in range(3):
            await other.poll.learn()
        assert not ada.is_closed


async def test_where_the_others_cannot_be_told_the_user_is_removed_here_and_whoever_asked_hears_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def broken(*_: object) -> None:
        raise Unavailable("cut off")

    monkeypatch.setattr(MemoryRemovals, "add", broken)
    async with Cluster(2).running() as (one, other):
        here, there = Client(one, "ada"), Client(other, "ada")
        with pytest.raises(Unavailable):
            await one.remove_user(Removal(user_id="ada"))
        assert here.is_closed
        assert not there.is_closed


async def test_a_reason_that_no_close_frame_holds_is_cut_between_two_letters() -> None:
    async with Cluster(1).running() as (one,):
        ada = Client(one, "ada")
        await one.remove_user(Removal(user_id="ada", reason="é" * 100))
        closing = ada.session.outbox.closing
        assert closing is not None
        assert closing.reason == "é" * 61
