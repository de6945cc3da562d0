"""What every HistorySource promises."""

from __future__ import annotations

import pytest
from anyio import create_task_group

from dialogue.domain.event import Event
from dialogue.domain.page import PageLimit

from .storage import MANY_NAMES, Storage, seqs

NAMES: list[list[str] | None] = [None, ["message"], ["message", "typing"], ["nothing"]]


@pytest.fixture
async def events(storage: Storage) -> list[Event]:
    """1 to 6: message, typing, message, rare, message, typing; at 10, 10, 10, 20, 20, 30 ms; payloads of 10 bytes."""
    kept: list[Event] = []
    for now_ms, names in (
        (10, ["message", "typing", "message"]),
        (20, ["rare", "message"]),
        (30, ["typing"]),
    ):
        kept += await storage.publish("general", *names, now_ms=now_ms, payload=b'"12345678"')
    return kept


async def test_older_is_newest_first_and_excludes_its_bound(storage: Storage, events: list[Event]) -> None:
    assert await storage.source.older("general", None, 5, PageLimit()) == events[3::-1]


async def test_newer_is_oldest_first_and_excludes_its_bound(storage: Storage, events: list[Event]) -> None:
    assert await storage.source.newer("general", None, 2, PageLimit()) == events[2:]


async def test_one_name_gives_its_own_events_alone(storage: Storage, events: list[Event]) -> None:
    assert seqs(await storage.source.older("general", ["message"], 100, PageLimit())) == [5, 3, 1]
    assert seqs(await storage.source.newer("general", ["rare"], 0, PageLimit())) == [4]


async def test_several_names_are_merged_by_seq(storage: Storage, events: list[Event]) -> None:
    names = ["typing", "nothing", "message"]
    assert seqs(await storage.source.older("general", names, 6, PageLimit())) == [5, 3, 2, 1]
    assert seqs(await storage.source.newer("general", names, 1, PageLimit())) == [2, 3, 5, 6]


async def test_a_name_given_twice_counts_once(storage: Storage, events: list[Event]) -> None:
    assert seqs(await storage.source.older("general", ["rare", "rare", "typing"], 100, PageLimit())) == [6, 4, 2]


async def test_more_names_than_one_statement_takes_are_merged_as_well(storage: Storage) -> None:
    names = [*MANY_NAMES]
    await storage.publish("wide", *names, *names)
    newest = await storage.source.older("wide", names, 241, PageLimit(events=130))
    oldest = await storage.source.newer("wide", names, 0, PageLimit(events=130))
    assert seqs(newest) == list(range(240, 110, -1))
    assert seqs(oldest) == list(range(1, 131))


@pytest.mark.parametrize("names", NAMES)
async def test_a_run_ends_after_its_number_of_events(
    storage: Storage, events: list[Event], names: list[str] | None
) -> None:
    for count in (0, 1, 2):
        older = await storage.source.older("general", names, 100, PageLimit(events=count))
        whole = await storage.source.older("general", names, 100, PageLimit())
        assert older == whole[:count]
        newer = await storage.source.newer("general", names, 0, PageLimit(events=count))
        assert newer == whole[::-1][:count]


async def test_a_run_ends_before_its_size_is_passed_at_the_far_end(storage: Storage, events: list[Event]) -> None:
    assert seqs(await storage.source.older("general", None, 100, PageLimit(size=30))) == [6, 5, 4]
    assert seqs(await storage.source.older("general", None, 100, PageLimit(size=29))) == [6, 5]
    assert seqs(await storage.source.newer("general", ["message", "typing"], 0, PageLimit(size=25))) == [1, 2]
    assert seqs(await storage.source.between("general", "message", 1, 3, 20)) == [5, 3]


async def test_one_event_is_given_however_large_it_is(storage: Storage, events: list[Event]) -> None:
    assert seqs(await storage.source.older("general", None, 100, PageLimit(size=1))) == [6]
    assert seqs(await storage.source.newer("general", ["message"], 0, PageLimit(size=1))) == [1]
    assert seqs(await storage.source.between("general", "message", 1, 3, 1)) == [5]


async def test_between_is_by_event_seq_inclusive_and_newest_first(storage: Storage, events: list[Event]) -> None:
    assert seqs(await storage.source.between("general", "message", 2, 3, 1_000)) == [5, 3]
    assert seqs(await storage.source.between("general", "message", 1, 1, 1_000)) == [1]
    assert seqs(await storage.source.between("general", "message", -5, 100, 1_000)) == [5, 3, 1]
    assert await storage.source.between("general", "message", 3, 2, 1_000) == []
    assert await storage.source.between("general", "message", 4, 9, 1_000) == []
    assert await storage.source.between("general", "nothing", 1, 9, 1_000) == []


async def test_seq_at_is_the_first_event_of_that_time_or_later(storage: Storage, events: list[Event]) -> None:
    found = [await storage.source.seq_at("general", time) for time in (0, 10, 11, 20, 21, 30, 31)]
    assert found == [1, 1, 4, 4, 6, 6, None]


async def test_an_unknown_room_and_an_empty_one_give_nothing(storage: Storage) -> None:
    await storage.archive.open("empty")
    for room_id in ("unknown", "empty"):
        for names in NAMES:
            assert await storage.source.older(room_id, names, 100, PageLimit()) == []
            assert await storage.source.newer(room_id, names, 0, PageLimit()) == []
        assert await storage.source.between(room_id, "message", 1, 100, 1_000) == []
        assert await storage.source.seq_at(room_id, 0) is None


async def test_a_room_shows_nothing_of_another(storage: Storage, events: list[Event]) -> None:
    [other] = await storage.publish("other", "message", now_ms=99)
    assert await storage.source.older("other", None, 100, PageLimit()) == [other]
    assert await storage.source.seq_at("general", 31) is None


async def test_readers_see_whole_batches_only(storage: Storage) -> None:
    drafts = [await storage.draft("general", name) for name in ("message", "typing") * 5]
    runs: list[list[Event]] = []

    async def write() -> None:
        for _ in range(20):
            await storage.append(drafts)

    async def read(names: list[str] | None) -> None:
        for _ in range(40):
            runs.append(await storage.source.older("general", names, 1_000, PageLimit(events=1_000)))  # noqa: PERF401

    async with create_task_group() as tasks:
        tasks.start_soon(write)
        tasks.start_soon(read, None)
        tasks.start_soon(read, ["typing", "message"])
    assert all(len(run) % 10 == 0 and seqs(run) == list(range(len(run), 0, -1)) for run in runs)
