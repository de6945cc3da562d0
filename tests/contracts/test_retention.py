"""What every HistoryArchive promises of retention."""

from __future__ import annotations

import pytest

from dialogue.adapters.memory.kept_room import KeptRoom
from dialogue.domain.event import Event
from dialogue.domain.page import PageLimit
from dialogue.domain.position import StreamFloor, StreamHead
from dialogue.domain.retention import Arrived, Retention

from .storage import OF_DIALOGUE, Storage, seqs

IN_2099 = 4_070_908_800_000


async def trim_all(storage: Storage, name: str, retention: Retention, now_ms: int, limit: int = 100) -> int:
    bites = 0
    while floor := await storage.archive.expired("general", name, retention, now_ms, limit):
        await storage.archive.trim("general", name, floor)
        bites += 1
    return bites


@OF_DIALOGUE
async def test_the_oldest_past_the_count_go_and_the_stream_begins_behind_them(storage: Storage) -> None:
    await storage.publish("general", "a", "b", "a", "a", "b", "a")
    assert await trim_all(storage, "a", Retention(max_events=2), 1_000) == 1
    assert seqs(await storage.all("general")) == [2, 4, 5, 6]
    head = await storage.archive.open("general")
    assert (head.head, head.floor) == (6, 0)
    assert head.streams["a"] == StreamHead(head=4, floor=2, floor_seq=3)
    assert head.streams["b"] == StreamHead(head=2)
    assert seqs(await storage.source.between("general", "a", 1, 4, 1_000)) == [6, 4]
    assert seqs(await storage.publish("general", "a")) == [7]
    assert (await storage.archive.open("general")).streams["a"].head == 5


@OF_DIALOGUE
async def test_those_older_than_the_age_go(storage: Storage) -> None:
    for now_ms in (1_000, 2_000, 3_000):
        await storage.publish("general", "a", now_ms=now_ms)
    retention = Retention(max_age_ms=1_000)
    assert await storage.archive.expired("general", "a", retention, 2_000, 10) is None
    assert await storage.archive.expired("general", "a", retention, 2_001, 10) == StreamFloor(event_seq=1, seq=1)
    await trim_all(storage, "a", retention, 3_500)
    assert seqs(await storage.all("general")) == [3]
    assert await storage.source.seq_at("general", 0) == 3


@OF_DIALOGUE
async def test_of_count_and_age_the_stricter_holds(storage: Storage) -> None:
    for now_ms in (1_000, 2_000, 3_000, 4_000):
        await storage.publish("general", "a", now_ms=now_ms)
    await trim_all(storage, "a", Retention(max_events=3, max_age_ms=10_000), 4_000)
    assert seqs(await storage.all("general")) == [2, 3, 4]
    await trim_all(storage, "a", Retention(max_events=3, max_age_ms=500), 4_000)
    assert seqs(await storage.all("general")) == [4]


@OF_DIALOGUE
async def test_it_goes_in_bites_down_to_the_last_one(storage: Storage) -> None:
    await storage.publish("general", *["a"] * 10)
    assert await trim_all(storage, "a", Retention(max_age_ms=1), 5_000, limit=3) == 4
    assert await storage.all("general") == []
    assert (await storage.archive.open("general")).streams["a"] == StreamHead(head=10, floor=10, floor_seq=10)


@pytest.mark.parametrize("room_id", ["general", "never seen"])
async def test_a_stream_that_is_not_there_has_nothing_to_go(storage: Storage, room_id: str) -> None:
    await storage.publish("general", "b")
    assert await storage.archive.expired(room_id, "a", Retention(max_events=1), 5_000, 10) is None
    await storage.archive.trim(room_id, "a", StreamFloor(event_seq=3, seq=3))
    assert seqs(await storage.all("general")) == [1]


@OF_DIALOGUE
async def test_trimming_twice_and_to_an_older_floor_changes_nothing_more(storage: Storage) -> None:
    await storage.publish("general", *["a"] * 5)
    for floor in (3, 3, 1):
        await storage.archive.trim("general", "a", StreamFloor(event_seq=floor, seq=floor))
    assert seqs(await storage.source.older("general", ["a"], 99, PageLimit())) == [5, 4]
    assert (await storage.archive.open("general")).streams["a"] == StreamHead(head=5, floor=3, floor_seq=3)


@pytest.mark.parametrize("wrong", [1, 600])
@OF_DIALOGUE
async def test_times_of_a_clock_that_ran_ahead_hold_back_nothing(storage: Storage, wrong: int) -> None:
    """An age is counted from arrival, and all go through the newest that is past it."""
    retention = Retention(max_age_ms=1_000)
    await storage.publish("general", "a", now_ms=1_000)
    await storage.publish("general", *["a"] * wrong, now_ms=IN_2099)
    for now_ms in (2_000, 3_000, 4_000):
        [event] = await storage.publish("general", "a", now_ms=now_ms)
        assert event.timestamp_ms == IN_2099
    await trim_all(storage, "a", retention, 2_100, limit=500)
    assert len(await storage.all("general")) == 3 + wrong
    await trim_all(storage, "a", retention, 3_001, limit=500)
    assert seqs(await storage.all("general")) == [wrong + 3, wrong + 4]
    await trim_all(storage, "a", retention, 9_000, limit=500)
    assert await storage.all("general") == []


@pytest.mark.parametrize("storage", ["memory"], indirect=True)
async def test_ages_that_are_counted_from_the_time_of_the_event_are_found(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That time never runs backwards in a room: so nothing was past its age any more."""

    def arrival(_: KeptRoom, event: Event) -> Arrived:
        return Arrived(event_seq=event.stream_place, seq=event.place, arrived_ms=event.timestamp_ms)

    monkeypatch.setattr(KeptRoom, "arrival", arrival)
    with pytest.raises(AssertionError):
        await test_times_of_a_clock_that_ran_ahead_hold_back_nothing(storage, 1)


@OF_DIALOGUE
async def test_an_event_whose_arrival_is_in_the_future_goes_with_the_next_that_is_past_its_age(
    storage: Storage,
) -> None:
    await storage.publish("general", "a", now_ms=IN_2099)
    assert await trim_all(storage, "a", Retention(max_age_ms=1_000), 9_000) == 0
    await storage.publish("general", "a", now_ms=2_000)
    assert await trim_all(storage, "a", Retention(max_age_ms=1_000), 9_000) == 1
    assert await storage.all("general") == []
