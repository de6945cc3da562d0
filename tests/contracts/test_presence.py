"""What every Presence promises."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace

import pytest
from anyio import create_task_group
from sqlalchemy import text

from dialogue.adapters.memory.presence import MemoryPresence
from dialogue.adapters.sqlmodel.postgresql.database import PostgresqlDatabase
from dialogue.adapters.sqlmodel.postgresql.engine import PostgresqlSettings
from dialogue.adapters.sqlmodel.postgresql.presence import PostgresqlPresence
from dialogue.domain.errors import RoomFull
from dialogue.domain.ports.presence import LeaseOver, NodeCrowd, NodeLife, NodeReplaced, Presence

from ..support.shared_postgresql import database_with_tables

HOUR_S = 3_600.0
A = NodeLife(node_id="a", life=7)
B = NodeLife(node_id="b", life=1 << 57)


TIMES = {"dialogue_leases": "until", "dialogue_turns": "until", "dialogue_crowds": "said_at"}


@dataclass
class Place:
    """A presence, and a way to let its leases end: `pass_time(seconds)`."""

    presence: Presence
    pass_time: Callable[[float], Awaitable[None]]


@asynccontextmanager
async def memory() -> AsyncIterator[Place]:
    """In memory, by a time that the test moves."""
    now = 1_000.0

    async def move(seconds: float) -> None:
        nonlocal now
        now += seconds

    yield Place(MemoryPresence(lambda: now), move)


@asynccontextmanager
async def postgresql() -> AsyncIterator[Place]:
    """A PostgreSQL database, whose leases are moved back instead of its time forwards."""
    with database_with_tables() as url:
        database = PostgresqlDatabase(PostgresqlSettings(url=url))
        async with database.running():

            async def move(seconds: float) -> None:
                for table, column in TIMES.items():
                    moved = text(f"UPDATE {table} SET {column} = {column} - make_interval(secs => {seconds})")
                    await database.write(lambda connection, moved=moved: connection.execute(moved))  # type: ignore[misc]

            yield Place(PostgresqlPresence(database, forgets_every_s=0), move)


PRESENCES: dict[str, Callable[[], AbstractAsyncContextManager[Place]]] = {"memory": memory, "postgresql": postgresql}


@pytest.fixture(params=[*PRESENCES])
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    """An empty presence with two nodes, `a` and `b`, that are there for an hour."""
    async with PRESENCES[request.param]() as place:
        await place.presence.renew(A, HOUR_S)
        await place.presence.renew(B, HOUR_S)
        yield place


@pytest.fixture
def presence(place: Place) -> Presence:
    """That presence."""
    return place.presence


def following(node: NodeLife) -> NodeLife:
    """The next life of the node."""
    return replace(node, life=node.life + 1)


def crowd(room_id: str, *users: str) -> NodeCrowd:
    """One session of each user."""
    return NodeCrowd(room_id=room_id, sessions=len(users), users=dict.fromkeys(users, 1))


async def test_others_are_told_and_oneself_is_not(presence: Presence) -> None:
    await presence.put(A, 1, [crowd("room", "ada", "bob"), crowd("other", "eve")])
    assert await presence.others("b", ["room", "room", "nowhere"]) == [crowd("room", "ada", "bob")]
    assert await presence.others("a", ["room"]) == []
    assert await presence.others("b", []) == []


async def test_what_a_node_says_is_instead_of_what_it_had(presence: Presence) -> None:
    await presence.put(A, 1, [crowd("room", "ada", "bob")])
    await presence.put(A, 2, [crowd("room", "ada")])
    assert await presence.others("b", ["room"]) == [crowd("room", "ada")]
    await presence.put(A, 3, [crowd("room")])
    assert await presence.others("b", ["room"]) == []


async def test_it_is_told_how_many_sessions_each_user_has(presence: Presence) -> None:
    several = NodeCrowd(room_id="room", sessions=3, users={"ada": 2, "bob": 1})
    await presence.put(A, 1, [several])
    assert await presence.others("b", ["room"]) == [several]


async def test_users_may_be_too_many_to_tell(presence: Presence) -> None:
    many = NodeCrowd(room_id="room", sessions=5_000, users=None)
    await presence.put(A, 1, [many])
    assert await presence.others("b", ["room"]) == [many]


async def test_a_users_rooms_on_other_nodes_are_told_with_how_many_sessions(presence: Presence) -> None:
    strange = 'a%_"\\é'
    await presence.put(
        A, 1, [NodeCrowd(room_id="room", sessions=3, users={"ada": 2, strange: 1}), crowd("other", "ad")]
    )
    await presence.put(B, 1, [crowd("room", "ada"), crowd("third", "ada"), crowd("left")])
    await presence.put(B, 2, [crowd("third"), NodeCrowd(room_id="many", sessions=5_000, users=None)])
    assert await presence.rooms_of("c", "ada") == {"room": 3}
    assert await presence.rooms_of("b", "ada") == {"room": 2}
    assert await presence.rooms_of("c", strange) == {"room": 1}
    assert await presence.rooms_of("c", "a%") == await presence.rooms_of("c", "a_a") == {}
    await presence.leave(A)
    assert await presence.rooms_of("c", "ada") == {"room": 1}


async def test_all_nodes_together_have_no_more_than_the_maximum(presence: Presence) -> None:
    await presence.claim(A, 1, "room", 2, 3)
    await presence.claim(B, 2, "room", 1, 3)
    for node in (A, B):
        with pytest.raises(RoomFull):
            await presence.claim(node, 3, "room", 3, 3)
    assert [each.sessions for each in await presence.others("b", ["room"])] == [2]
    await presence.claim(A, 4, "room", 2, 3)  # again, as one does who does not know whether it was heard
    await presence.put(A, 5, [crowd("room", "ada")])
    await presence.claim(B, 6, "room", 2, 3)


async def test_of_many_who_claim_at_once_none_gets_past_the_maximum(presence: Presence) -> None:
    nodes = [NodeLife(node_id=f"node-{number}", life=1) for number in range(8)]
    for node in nodes:
        await presence.renew(node, HOUR_S)
    got: list[NodeLife] = []

    async def claim(node: NodeLife) -> None:
        try:
            await presence.claim(node, 1, "room", 1, 3)
            got.append(node)
        except RoomFull:
            pass

    async with create_task_group() as tasks:
        for node in nodes:
            tasks.start_soon(claim, node)
    assert len(got) == 3


async def test_a_claim_keeps_the_users_that_are_known(presence: Presence) -> None:
    await presence.put(A, 1, [crowd("room", "ada")])
    await presence.claim(A, 2, "room", 2, 3)
    [found] = await presence.others("b", ["room"])
    assert (found.sessions, found.users) == (2, {"ada": 1})


async def test_with_its_lease_ends_what_a_node_has_said(place: Place) -> None:
    presence = place.presence
    await presence.claim(A, 1, "room", 3, 3)
    await place.pass_time(HOUR_S / 2)
    await presence.renew(A, HOUR_S)
    await presence.renew(B, 3 * HOUR_S)
    await place.pass_time(HOUR_S * 1.01)
    assert await presence.others("b", ["room"]) == []
    await presence.claim(B, 1, "room", 3, 3)
    with pytest.raises(LeaseOver):
        await presence.claim(A, 2, "room", 1, 9)
    with pytest.raises(LeaseOver):
        await presence.put(A, 3, [crowd("room", "ada")])
    with pytest.raises(LeaseOver):
        await presence.renew(A, HOUR_S)
    await presence.renew(following(A), HOUR_S)
    assert await presence.others("b", ["room"]) == []
    with pytest.raises(RoomFull):
        await presence.claim(following(A), 1, "room", 1, 3)


async def test_what_comes_behind_a_later_word_of_the_room_changes_nothing(presence: Presence) -> None:
    await presence.claim(A, 3, "room", 1, 1)
    await presence.put(A, 2, [crowd("room"), crowd("other", "eve")])
    with pytest.raises(RoomFull):
        await presence.claim(B, 1, "room", 1, 1)
    assert await presence.others("b", ["other"]) == [crowd("other", "eve")]
    await presence.put(A, 5, [crowd("room")])
    await presence.claim(A, 4, "room", 1, 1)
    await presence.put(A, 1, [crowd("room", "ada")])
    assert await presence.others("b", ["room"]) == []
    await presence.claim(B, 1, "room", 1, 1)


async def test_a_later_life_ends_an_earlier_one_at_once(presence: Presence) -> None:
    await presence.put(A, 5, [crowd("room", "ada")])
    later = following(A)
    await presence.renew(later, HOUR_S)
    assert await presence.others("b", ["room"]) == []
    await presence.put(later, 1, [crowd("room", "bob")])
    for word in (presence.put(A, 6, [crowd("room")]), presence.claim(A, 7, "room", 1, 9)):
        with pytest.raises(LeaseOver):
            await word
    with pytest.raises(NodeReplaced):
        await presence.renew(A, HOUR_S)
    await presence.leave(A)
    assert await presence.others("b", ["room"]) == [crowd("room", "bob")]


async def test_an_earlier_life_may_begin_when_the_later_one_is_over(place: Place) -> None:
    """So it goes where a machine's clock was set back before its node was started again."""
    await place.presence.renew(following(A), HOUR_S)
    await place.presence.put(following(A), 5, [crowd("room", "ada")])
    await place.pass_time(HOUR_S / 2)
    await place.presence.renew(B, HOUR_S)
    with pytest.raises(NodeReplaced):
        await place.presence.renew(A, HOUR_S)
    await place.pass_time(HOUR_S * 0.6)
    await place.presence.renew(A, HOUR_S)
    assert await place.presence.others("b", ["room"]) == []
    await place.presence.put(A, 1, [crowd("room", "ada")])
    assert await place.presence.others("b", ["room"]) == [crowd("room", "ada")]


async def test_that_a_room_was_left_is_forgotten_when_no_word_can_be_on_its_way_any_more(place: Place) -> None:
    await place.presence.renew(A, 9 * HOUR_S)
    await place.presence.renew(B, 9 * HOUR_S)
    await place.presence.put(A, 5, [crowd("left"), crowd("room", "ada")])
    await place.pass_time(HOUR_S * 1.01)
    await place.presence.renew(A, 9 * HOUR_S)
    await place.presence.put(A, 4, [crowd("left", "bob"), crowd("room", "bob")])
    found = await place.presence.others("b", ["left", "room"])
    assert sorted(found, key=lambda each: each.room_id) == [crowd("left", "bob"), crowd("room", "ada")]


async def test_a_node_that_leaves_gives_its_places_up(presence: Presence) -> None:
    await presence.claim(A, 1, "room", 3, 3)
    for _ in range(2):
        await presence.leave(A)
    await presence.claim(B, 1, "room", 3, 3)
    with pytest.raises(LeaseOver):
        await presence.claim(A, 2, "room", 1, 9)
    with pytest.raises(LeaseOver):
        await presence.renew(A, HOUR_S)
    await presence.renew(following(A), HOUR_S)


async def test_one_node_at_a_time_has_the_turn(place: Place) -> None:
    presence = place.presence
    assert await presence.take_turn("sweep", "a", 60)
    assert not await presence.take_turn("sweep", "b", 60)
    assert await presence.take_turn("another work", "b", 60)
    await place.pass_time(40)
    assert await presence.take_turn("sweep", "a", 60)
    await place.pass_time(40)
    assert not await presence.take_turn("sweep", "b", 60)
    await place.pass_time(40)
    assert await presence.take_turn("sweep", "b", 60)
    assert not await presence.take_turn("sweep", "a", 60)
