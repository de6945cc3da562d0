"""What two nodes do to the same rooms at once: nothing is refused, nothing waits in a circle, nothing is lost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import pytest
from anyio import create_task_group, fail_after, to_thread

from dialogue.adapters.sqlmodel.postgresql.storage import PostgresqlStorage
from dialogue.domain.draft import Draft
from dialogue.domain.draft_group import DraftGroup
from dialogue.domain.errors import Forbidden, RoomExists, RoomNotFound
from dialogue.domain.event import Event
from dialogue.domain.outcome import Outcome, of_one
from dialogue.domain.page import PageLimit
from dialogue.domain.ports.room_store import StoredRoom
from dialogue.domain.position import StreamFloor
from dialogue.domain.redaction import Redaction
from dialogue.domain.retention import Retention
from dialogue.domain.room_limits import RoomLimits

from ....support.appending import answer
from ....support.patience import wait_until

IN_TIME_S = 60
ROOMS = [f"room-{number}" for number in range(6)]


async def all_of(*tasks: Callable[[], Awaitable[Any]]) -> list[Any]:
    """What all of them give, run at once."""
    found: list[Any] = []

    async def run(task: Callable[[], Awaitable[Any]]) -> None:
        found.append(await task())

    with fail_after(IN_TIME_S):
        async with create_task_group() as running:
            for task in tasks:
                running.start_soon(run, task)
    return found


async def publish(node: PostgresqlStorage, room_id: str, count: int = 1, sender: str = "ada") -> list[Event]:
    """Keep so many events; what was refused is left out."""
    epoch = (await node.archive.open(room_id)).epoch
    draft = Draft(room_id=room_id, epoch=epoch, name="m", payload=b"1", sender=sender)
    return [outcome for outcome in await keep(node, [draft] * count) if isinstance(outcome, Event)]


async def keep(node: PostgresqlStorage, drafts: list[Draft]) -> list[Outcome]:
    """Keep drafts of one room, in the lock's queue as the journal does where somebody else has the room."""
    groups = [DraftGroup.of(draft) for draft in drafts]
    outcomes = [of_one(answer(each)) for each in await node.archive.append(groups, {}, 1_000, waits=True)]
    assert all(isinstance(outcome, Event | RoomNotFound) for outcome in outcomes)
    return outcomes


async def redact(node: PostgresqlStorage, draft: Draft) -> None:
    """Blank an event, where it is still there."""
    await node.archive.append([DraftGroup.of(draft)], {}, 1_000, waits=True)


async def seqs(node: PostgresqlStorage, room_id: str) -> list[int]:
    """Those of all events that can be read, oldest first."""
    events = await node.source.newer(room_id, None, 0, PageLimit(events=10_000))
    return [event.place for event in events]


async def test_a_room_that_all_open_at_once_has_one_epoch(nodes: list[PostgresqlStorage]) -> None:
    for room_id in ROOMS:
        heads = await all_of(*[lambda node=node, room_id=room_id: node.archive.open(room_id) for node in nodes * 4])
        assert len({head.epoch for head in heads}) == 1


async def test_of_two_that_make_the_same_room_one_has_made_it(nodes: list[PostgresqlStorage]) -> None:
    async def make(node: PostgresqlStorage, room_id: str, name: str) -> str | None:
        try:
            await node.rooms.create(StoredRoom(id=room_id, name=name))
        except RoomExists:
            return None
        return name

    for room_id in ROOMS:
        for _ in range(2):  # also where there was such a room before
            made = await all_of(*[lambda n=n, r=room_id: make(nodes[n], r, f"by {n}") for n in range(2)])
            [name] = filter(None, made)
            room = await nodes[0].rooms.find(room_id)
            assert room is not None
            assert room.name == name
            await nodes[1].rooms.delete(room_id)


async def test_of_all_that_make_rooms_at_once_as_many_have_made_one_as_are_allowed(
    nodes: list[PostgresqlStorage],
) -> None:
    """Whoever counts does so when all who counted before have committed, or have given up."""
    limits = RoomLimits(in_all=7, per_user=3)

    async def make(node: PostgresqlStorage, room_id: str, user_id: str) -> str | None:
        try:
            await node.rooms.create(StoredRoom(id=room_id, name="n", created_by_id=user_id), limits)
        except Forbidden:
            return None
        return user_id

    for round_ in range(4):
        tries = [(nodes[n % 2], f"{round_} {n}", f"user-{n // 2 % 3}") for n in range(24)]
        made = await all_of(*[lambda each=each: make(*each) for each in tries])
        users = [user_id for user_id in made if user_id is not None]
        assert len(users) == 7
        assert max(users.count(user_id) for user_id in users) <= 3
        for room in await nodes[0].rooms.rooms():
            await nodes[0].rooms.delete(room.id)


async def test_who_waits_for_a_room_holds_nobody_up_who_makes_another(nodes: list[PostgresqlStorage], url: str) -> None:
    """Somebody else's transaction has the row of a deleted room, which is to be made again."""
    one, other = nodes
    limits = RoomLimits(in_all=7, per_user=3)
    await one.archive.open("held")
    waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    with psycopg.connect(url) as holder, psycopg.connect(url, autocommit=True) as observer:
        holder.execute("SELECT FROM dialogue_rooms WHERE room_id = 'held' FOR UPDATE")

        async def make_another() -> None:
            def is_waiting() -> bool:
                return observer.execute(waits).fetchone() == (1,)

            await to_thread.run_sync(wait_until, is_waiting, IN_TIME_S, "nobody waits for the room")
            await other.rooms.create(StoredRoom(id="another", name="n"), limits)
            assert is_waiting()
            holder.rollback()

        await all_of(lambda: one.rooms.create(StoredRoom(id="held", name="n"), limits), make_another)
    assert [room.id for room in await one.rooms.rooms()] == ["another", "held"]


async def test_a_room_that_is_deleted_while_others_publish_shows_nothing_of_its_old_life(
    nodes: list[PostgresqlStorage],
) -> None:
    one, other = nodes
    room_id = ROOMS[0]

    async def publish_often() -> list[Event]:
        return [event for _ in range(15) for event in await publish(one, room_id, 3)]

    async def delete_often() -> list[Event]:
        for _ in range(8):
            await other.rooms.delete(room_id)
            await other.archive.sweep(5, 1_000)
        return []

    kept = [event.place for events in await all_of(publish_often, delete_often, publish_often) for event in events]
    assert sorted(kept) == list(range(1, len(kept) + 1)), "every place was given once"
    head = await one.archive.open(room_id)
    assert await seqs(one, room_id) == list(range(head.floor + 1, head.head + 1))


async def test_all_that_changes_rooms_can_be_done_by_both_at_once(nodes: list[PostgresqlStorage]) -> None:
    """Appends, trims, redactions, deletions, marks and sweeps, in different orders: none waits for another for good."""

    async def live(node: PostgresqlStorage, rooms: list[str], user_id: str) -> None:
        for turn in range(4):
            for room_id in rooms:
                events = await publish(node, room_id, 4)
                floor = await node.archive.expired(room_id, "m", Retention(max_events=5), 1_000, 3)
                if floor is not None:
                    await node.archive.trim(room_id, "m", floor)
                if events:
                    redaction = Redaction(seq=events[-1].place, by="mod", erases_sender=True)
                    epoch = (await node.archive.open(room_id)).epoch
                    await redact(node, Draft.of_redaction(redaction, room_id, epoch))
                    await node.read_marks.mark(user_id, room_id, events[0].place)
                if turn % 2:
                    await node.rooms.delete(room_id)
                await node.archive.sweep(3, 1_000)

    one, other = nodes
    lives = [(one, ROOMS, "u1"), (other, ROOMS[::-1], "u1"), (one, ROOMS[3:] + ROOMS[:3], "u2"), (other, ROOMS, "u3")]
    await all_of(*[lambda life=life: live(*life) for life in lives])
    while await one.archive.sweep(100, 1_000):
        pass
    for room_id in ROOMS:
        head = await other.archive.open(room_id)
        found = await seqs(other, room_id)
        assert found == sorted(set(found))
        assert all(seq > head.floor for seq in found)


async def test_marks_that_are_made_in_different_orders_wait_in_no_circle(nodes: list[PostgresqlStorage]) -> None:
    users = [f"user-{number}" for number in range(15)]  # so few that either node keeps them in one batch
    for room_id in ROOMS:
        await publish(nodes[0], room_id, 12)

    async def mark(node: PostgresqlStorage, user_id: str, room_id: str, seq: int) -> int:
        return (await node.read_marks.mark(user_id, room_id, seq)).seq

    for seq in range(1, 13):
        first = [lambda u=u, r=r, s=seq: mark(nodes[0], u, r, s) for u in users for r in ROOMS]
        second = [lambda u=u, r=r, s=seq: mark(nodes[1], u, r, s) for u in users[::-1] for r in ROOMS[::-1]]
        forget = [lambda: nodes[1].read_marks.forget("user-0")]
        await all_of(*first, *second, *forget)
    for user_id in users[1:]:
        assert set((await nodes[0].read_marks.unread(user_id, ROOMS)).values()) == {0}


async def test_a_sweep_leaves_a_room_that_somebody_works_in_for_another_time(
    nodes: list[PostgresqlStorage], url: str
) -> None:
    for room_id in ROOMS[:2]:
        await publish(nodes[0], room_id, 3)
        await nodes[0].rooms.delete(room_id)
    with psycopg.connect(url) as somebody, fail_after(IN_TIME_S):
        somebody.execute("SELECT 1 FROM dialogue_rooms WHERE room_id = %s FOR UPDATE", [ROOMS[0]])
        assert await nodes[1].archive.sweep(100, 1_000) == 4  # three events, and a stream
        assert await nodes[1].archive.sweep(100, 1_000) == 0
        somebody.rollback()
    assert await nodes[1].archive.sweep(100, 1_000) == 4


@pytest.mark.parametrize("between", ["nothing", "another life"])
async def test_a_trim_of_a_floor_that_was_found_in_an_earlier_life_takes_nothing_of_the_next(
    nodes: list[PostgresqlStorage], between: str
) -> None:
    one, other = nodes
    room_id = ROOMS[0]
    await publish(one, room_id, 4)
    floor = await one.archive.expired(room_id, "m", Retention(max_events=1), 1_000, 10)
    assert floor == StreamFloor(event_seq=3, seq=3)
    if between == "another life":
        await other.rooms.delete(room_id)
        while await other.archive.sweep(100, 1_000):
            pass
        events = await publish(other, room_id, 4)
        assert [event.event_seq for event in events] == [1, 2, 3, 4]
    await one.archive.trim(room_id, "m", floor)
    assert await seqs(one, room_id) == ([4] if between == "nothing" else [5, 6, 7, 8])
