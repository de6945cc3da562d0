"""Rooms whose head rows somebody else has locked: a node's batch, or a transaction of the application."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from time import monotonic

import asyncpg
import pytest
from anyio import create_task_group, fail_after

from dialogue.adapters.sqlmodel.postgresql.storage import PostgresqlStorage
from dialogue.application.deadline import deadline_at
from dialogue.domain.draft import Draft
from dialogue.domain.draft_group import DraftGroup
from dialogue.domain.errors import RoomNotFound
from dialogue.domain.event import Event
from dialogue.domain.idempotency_key import IdempotencyKey
from dialogue.domain.outcome import Appended, Held, Repeat
from dialogue.domain.page import PageLimit
from dialogue.domain.redaction import Redaction

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def locked(url: str, *room_ids: str) -> AsyncIterator[None]:
    """Hold these rooms, as a transaction of somebody else does that publishes there and is not committed."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute("SELECT 1 FROM dialogue_rooms WHERE room_id = ANY($1) FOR UPDATE", list(room_ids))
            yield
    finally:
        await connection.close()


async def group(storage: PostgresqlStorage, room_id: str, *payloads: bytes, name: str = "message") -> DraftGroup:
    epoch = (await storage.archive.open(room_id)).epoch
    drafts = [
        Draft(room_id=room_id, epoch=epoch, name=name, payload=payload, sender="ada") for payload in payloads or (b"1",)
    ]
    return DraftGroup.of(*drafts)


def places(outcomes: Sequence[Appended]) -> list[list[tuple[int | None, int | None]]]:
    assert all(isinstance(outcome, tuple) for outcome in outcomes), outcomes
    return [[(event.seq, event.event_seq) for event in outcome] for outcome in outcomes if isinstance(outcome, tuple)]


async def test_a_batch_keeps_what_is_free_and_says_held_of_the_rest(storage: PostgresqlStorage, url: str) -> None:
    groups = [await group(storage, room_id) for room_id in ("b", "a", "c")]
    async with locked(url, "a", "b"):
        first, second, third = await storage.archive.append(groups, {}, 1)
    assert isinstance(first, Held)
    assert isinstance(second, Held)
    assert places([third]) == [[(1, 1)]]
    assert places(await storage.archive.append(groups[:2], {}, 1)) == [[(1, 1)], [(1, 1)]], "nothing of them was kept"


async def test_a_room_that_is_gone_is_not_held(storage: PostgresqlStorage) -> None:
    draft = Draft(room_id="nowhere", epoch="x", name="message", payload=b"1", sender="ada")
    (outcome,) = await storage.archive.append([DraftGroup.of(draft)], {}, 1)
    assert isinstance(outcome, RoomNotFound)


async def test_who_waits_gets_the_room_when_it_is_let_go(storage: PostgresqlStorage, url: str) -> None:
    waiting = await group(storage, "a")
    outcomes: list[Appended] = []

    async def wait() -> None:
        outcomes.extend(await storage.archive.append([waiting], {}, 1, waits=True))

    with fail_after(60):
        async with create_task_group() as tasks, locked(url, "a"):
            tasks.start_soon(wait)
            await is_waited_for(url)
            assert not outcomes
    assert places(outcomes) == [[(1, 1)]]


async def is_waited_for(url: str) -> None:
    """Return when somebody waits for a lock in the database."""
    connection = await asyncpg.connect(url)
    ask = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    while not await connection.fetchval(ask):
        pass
    await connection.close()


async def test_what_one_transaction_has_locked_is_waited_for_and_kept_together(
    storage: PostgresqlStorage, url: str
) -> None:
    groups = [await group(storage, room_id) for room_id in ("b", "a")]
    outcomes: list[Appended] = []

    async def wait() -> None:
        outcomes.extend(await storage.archive.append(groups, {}, 1, waits=True))

    with fail_after(60):
        async with create_task_group() as tasks, locked(url, "a", "b"):
            first, second = await storage.archive.append(groups, {}, 1)
            assert isinstance(first, Held)
            assert first.by is not None
            assert first == second
            tasks.start_soon(wait)
            await is_waited_for(url)
    assert places(outcomes) == [[(1, 1)], [(1, 1)]]


async def test_who_waited_for_several_rooms_goes_on_from_where_they_were_brought_meanwhile(
    storage: PostgresqlStorage, url: str
) -> None:
    """The statement that waits began before that was to be seen."""
    groups = [await group(storage, room_id) for room_id in ("a", "b", "c")]
    outcomes: list[Appended] = []

    async def wait() -> None:
        outcomes.extend(await storage.archive.append(groups, {}, 1, waits=True))

    connection = await asyncpg.connect(url)
    with fail_after(60):
        async with create_task_group() as tasks, connection.transaction():
            await connection.execute("UPDATE dialogue_rooms SET last_timestamp = 7000")
            tasks.start_soon(wait)
            await is_waited_for(url)
    await connection.close()
    assert [event.timestamp_ms for kept in outcomes if isinstance(kept, tuple) for event in kept] == [7_000] * 3


async def test_who_wants_several_rooms_waits_for_none_that_another_transaction_has_or_while_any_is_free(
    storage: PostgresqlStorage, url: str
) -> None:
    groups = [await group(storage, room_id) for room_id in ("a", "b", "c")]
    with fail_after(60):
        async with locked(url, "a"), locked(url, "b"):
            first, second = await storage.archive.append(groups[:2], {}, 1, waits=True)
            assert isinstance(first, Held)
            assert isinstance(second, Held)
            assert first != second
            *held, kept = await storage.archive.append(groups, {}, 1, waits=True)
            assert held == [first, second]
            assert places([kept]) == [[(1, 1)]]


async def test_who_waits_is_told_at_its_deadline_that_the_room_is_still_held(
    storage: PostgresqlStorage, url: str
) -> None:
    waiting = await group(storage, "a")
    async with locked(url, "a"):
        began = monotonic()
        with fail_after(60), deadline_at(began + 0.2):
            (outcome,) = await storage.archive.append([waiting], {}, 1, waits=True)
        assert monotonic() - began >= 0.2
    assert isinstance(outcome, Held)
    assert places(await storage.archive.append([waiting], {}, 1)) == [[(1, 1)]]


async def test_keys_redactions_and_groups_of_a_held_room_are_kept_when_it_is_free(
    storage: PostgresqlStorage, url: str
) -> None:
    first = await group(storage, "a", b'"old"')
    await storage.archive.append([first], {}, 1)
    epoch = first.epoch
    keyed = DraftGroup.of(
        *(await group(storage, "a", b"1", b"2")).drafts, key=IdempotencyKey.of("k", "message", 1, None)
    )
    redaction = DraftGroup.of(Draft.of_redaction(Redaction(seq=1, by="mod"), "a", epoch))
    groups = [keyed, redaction, keyed]
    async with locked(url, "a"):
        outcomes = await storage.archive.append(groups, {}, 2)
        assert all(isinstance(outcome, Held) for outcome in outcomes)
    kept, told, repeated = await storage.archive.append(groups, {}, 2, waits=True)
    assert places([kept, told]) == [[(2, 2), (3, 3)], [(4, 1)]]
    assert repeated == Repeat(seq=2, timestamp_ms=2)
    events = await storage.source.newer("a", None, 0, PageLimit(events=10))
    assert [event.is_redacted for event in events] == [True, False, False, False]


async def test_two_nodes_in_one_room_leave_no_hole_in_any_stream(nodes: list[PostgresqlStorage]) -> None:
    """Also large batches, which are copied in, and what each remembers of the streams."""
    drafts = (await group(nodes[0], "a")).drafts
    for number in range(6):
        for node, name in ((nodes[0], "x"), (nodes[1], "y"), (nodes[number % 2], "x")):
            epoch = drafts[0].epoch
            draft = Draft(room_id="a", epoch=epoch, name=name, payload=b"1", sender="ada")
            count = 60 if number % 2 else 3
            outcomes = await node.archive.append([DraftGroup.of(draft)] * count, {}, 1)
            assert not any(isinstance(outcome, Held) for outcome in outcomes)
    events = await nodes[0].source.newer("a", None, 0, PageLimit(events=10_000))
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    seqs: dict[str, list[int | None]] = {}
    for event in events:
        seqs.setdefault(event.name, []).append(event.event_seq)
    assert seqs == {name: list(range(1, len(found) + 1)) for name, found in seqs.items()}


async def test_two_writers_of_one_hot_room_get_comparable_shares(nodes: list[PostgresqlStorage]) -> None:
    """A node that is told Held waits in the lock's queue; trying again and again it would starve."""
    hot = await group(nodes[0], "hot")
    kept: Counter[int] = Counter()

    async def write(number: int) -> None:
        waits = False
        while kept.total() < 300:
            (outcome,) = await nodes[number].archive.append([hot], {}, 1, waits=waits)
            waits = isinstance(outcome, Held)
            if isinstance(outcome, tuple) and isinstance(outcome[0], Event):
                kept[number] += 1

    with fail_after(60):
        async with create_task_group() as tasks:
            tasks.start_soon(write, 0)
            tasks.start_soon(write, 1)
    assert min(kept[0], kept[1]) >= 50, kept
