"""Members are told of users on all nodes, whatever the bus does."""

from __future__ import annotations

import pytest

from dialogue.domain.errors import Forbidden
from dialogue.domain.ports.presence import MAX_USERS
from dialogue.domain.room import RoomConfig

from .cluster import BUSES, MESSAGE, ROOMS, Client, Cluster

pytestmark = pytest.mark.anyio

PRESENT = {**ROOMS, "present": RoomConfig(name="Present", events=[MESSAGE], presence=True)}


@pytest.mark.parametrize("bus", BUSES)
async def test_a_user_is_there_from_the_first_session_on_any_node_until_the_last_is_gone(bus: str) -> None:
    async with Cluster(2, rooms=PRESENT, bus=bus).running() as (one, other):
        ada, here, there = Client(one, "ada"), Client(one, "bob"), Client(other, "bob")
        await ada.join("present")
        await there.join("present")
        await ada.until(lambda: ada.heard("MemberJoined") == ["MemberJoined present bob"])
        await here.join("present")
        assert dict((await one.members.list("present")).sessions) == {"ada": 1, "bob": 2}
        await there.until(lambda: there.heard("MemberJoined") == ["MemberJoined present ada"])
        other.join.leave(there.session, "present")
        while (await one.members.list("present")).sessions != {"ada": 1, "bob": 1}:
            await one.crowds.look(["present"])
        one.join.leave(here.session, "present")
        await ada.until(lambda: ada.heard("MemberLeft") == ["MemberLeft present bob"])
        assert ada.heard("MemberJoined") == ["MemberJoined present bob"]


async def test_too_many_are_neither_listed_nor_told() -> None:
    async with Cluster(1, rooms=PRESENT).running() as (node,):
        ada = Client(node, "ada")
        await ada.join("present")
        crowd = [Client(node, f"user-{number}") for number in range(MAX_USERS)]
        for client in crowd:
            await client.join("present")
        with pytest.raises(Forbidden, match="too many to list"):
            await node.members.list("present")
        for client in crowd[1:]:
            node.join.leave(client.session, "present")
        assert dict((await node.members.list("present")).sessions) == {"ada": 1, "user-0": 1}
