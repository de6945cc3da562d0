"""What a transaction of a node's earlier life writes behind the beginning of the present one counts for nothing."""

from __future__ import annotations

import pytest

from dialogue.adapters.sqlmodel.postgresql.presence import PUT
from dialogue.adapters.sqlmodel.postgresql.storage import PostgresqlStorage
from dialogue.domain.errors import RoomFull
from dialogue.domain.ports.presence import NodeCrowd, NodeLife

EARLIER, LATER = NodeLife(node_id="a", life=1), NodeLife(node_id="a", life=2)
OTHER = NodeLife(node_id="b", life=1)
LATE = {"node": "a", "life": 1, "number": 99, "rooms": ["room"], "sessions": [1], "users": ["{}"]}
"""A word of the earlier life which was found to be there just before it was not."""


@pytest.fixture
async def nodes(storage: PostgresqlStorage) -> PostgresqlStorage:
    """Two nodes, one of which has begun its second life."""
    for node in (EARLIER, LATER, OTHER):
        await storage.presence.renew(node, 60)
    return storage


async def test_it_takes_no_place(nodes: PostgresqlStorage) -> None:
    await nodes._database.write(lambda connection: connection.execute(PUT, LATE))
    assert await nodes.presence.others("b", ["room"]) == []
    await nodes.presence.claim(OTHER, 1, "room", 1, 1)


async def test_the_present_life_says_what_is_so_behind_it(nodes: PostgresqlStorage) -> None:
    await nodes._database.write(lambda connection: connection.execute(PUT, LATE))
    await nodes.presence.claim(LATER, 1, "room", 1, 1)
    with pytest.raises(RoomFull):
        await nodes.presence.claim(OTHER, 1, "room", 1, 1)


async def test_what_the_present_life_has_said_stays(nodes: PostgresqlStorage) -> None:
    await nodes.presence.put(LATER, 1, [NodeCrowd(room_id="room", sessions=2, users={"ada": 1, "bob": 1})])
    await nodes._database.write(lambda connection: connection.execute(PUT, LATE))
    [found] = await nodes.presence.others("b", ["room"])
    assert (found.sessions, found.users) == (2, {"ada": 1, "bob": 1})
