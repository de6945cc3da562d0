"""What every HistoryArchive promises."""

from __future__ import annotations

from dataclasses import replace

from anyio import create_task_group

from dialogue.domain.draft import Draft
from dialogue.domain.errors import RoomNotFound
from dialogue.domain.event import Event
from dialogue.domain.page import PageLimit
from dialogue.domain.position import StreamHead

from ..support.appending import append
from .storage import OF_DIALOGUE, Storage, seqs


@OF_DIALOGUE
async def test_a_room_never_seen_before_gets_an_epoch_and_begins_at_zero(storage: Storage) -> None:
    head = await storage.archive.open("general")
    assert head.epoch
    assert (head.head, head.floor, head.last_timestamp_ms, dict(head.streams)) == (0, 0, 0, {})


async def test_opening_again_gives_the_same_epoch(storage: Storage) -> None:
    first = await storage.archive.open("general")
    assert await storage.archive.open("general") == first


async def test_two_rooms_have_different_epochs(storage: Storage) -> None:
    assert (await storage.archive.open("a")).epoch != (await storage.archive.open("b")).epoch


async def test_seqs_have_no_holes_over_all_names_and_event_seqs_none_within_a_name(storage: Storage) -> None:
    events = await storage.publish("general", "message", "typing", "message")
    events += await storage.publish("general", "typing", "message")
    assert seqs(events) == [1, 2, 3, 4, 5]
    assert [event.event_seq for event in events] == [1, 1, 2, 2, 3]


async def test_rooms_are_numbered_apart_also_within_one_batch(storage: Storage) -> None:
    drafts = [await storage.draft(room_id) for room_id in ("a", "b", "a")]
    assert seqs(await storage.append(drafts)) == [1, 1, 2]


async def test_an_event_is_what_its_draft_was(storage: Storage) -> None:
    head = await storage.archive.open("general")
    draft = Draft(
        room_id="general",
        epoch=head.epoch,
        name="message",
        payload=b'{"a":"\xc3\xa9","b":1}',
        sender="u1",
        meta=b'{"tag":"x"}',
    )
    [event] = await storage.append([draft], now_ms=1_234)
    assert event == draft.kept(timestamp_ms=1_234, seq=1, event_seq=1)
    assert await storage.source.older("general", None, 2, PageLimit()) == [event]


@OF_DIALOGUE
async def test_the_head_tells_how_far_the_room_and_its_streams_reach(storage: Storage) -> None:
    await storage.publish("general", "message", "typing", "message", now_ms=7)
    head = await storage.archive.open("general")
    assert (head.head, head.floor, head.last_timestamp_ms) == (3, 0, 7)
    assert head.streams == {"message": StreamHead(head=2), "typing": StreamHead(head=1)}


async def test_timestamps_never_run_backwards_when_the_clock_does(storage: Storage) -> None:
    times = [(await storage.publish("general", "message", now_ms=now))[0].timestamp_ms for now in (50, 20, 60, 59)]
    assert times == [50, 50, 60, 60]


async def test_another_room_is_not_held_back_by_a_clock_that_ran_ahead(storage: Storage) -> None:
    await storage.publish("ahead", "message", now_ms=5_000)
    [event] = await storage.publish("other", "message", now_ms=1_000)
    assert event.timestamp_ms == 1_000


async def test_a_draft_of_another_life_is_refused_in_its_slot_and_takes_no_number(storage: Storage) -> None:
    draft = await storage.draft("general")
    first, refused, second = await append(storage.archive, [draft, replace(draft, epoch="other"), draft], 1)
    assert isinstance(refused, RoomNotFound)
    assert refused.room_id == "general"
    assert isinstance(first, Event)
    assert isinstance(second, Event)
    assert seqs([first, second]) == [1, 2]


async def test_a_draft_of_a_room_never_opened_is_refused(storage: Storage) -> None:
    [refused] = await append(
        storage.archive, [Draft(room_id="nowhere", epoch="e", name="message", payload=b"1", sender="u")], 1
    )
    assert isinstance(refused, RoomNotFound)


async def test_an_empty_batch_is_nothing(storage: Storage) -> None:
    assert await append(storage.archive, [], 1) == []


async def test_a_batch_may_hold_more_rooms_than_one_statement_asks_for(storage: Storage) -> None:
    drafts = [await storage.draft(f"room-{index}") for index in range(1_100)]
    assert seqs(await storage.append(drafts * 2)) == [1] * 1_100 + [2] * 1_100


async def test_rooms_opened_at_once_agree_on_the_epoch(storage: Storage) -> None:
    epochs: set[str] = set()

    async def open_room() -> None:
        epochs.add((await storage.archive.open("general")).epoch)

    async with create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(open_room)
    assert len(epochs) == 1


async def test_a_sweep_of_a_storage_without_ended_lives_removes_nothing(storage: Storage) -> None:
    await storage.publish("general", "message")
    assert await storage.archive.sweep(10, 1_000) == 0
    assert len(await storage.source.older("general", None, 10, PageLimit())) == 1
