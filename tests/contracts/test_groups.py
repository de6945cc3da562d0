"""What every HistoryArchive promises of groups, and of what a node has applied."""

from __future__ import annotations

from dataclasses import replace

from dialogue.domain.draft_group import DraftGroup
from dialogue.domain.errors import InvalidRequest, RoomNotFound
from dialogue.domain.event import Event
from dialogue.domain.outcome import Repeat
from dialogue.domain.ports.history_archive import HistoryWentBack
from dialogue.domain.position import Applied

from .storage import Storage, seqs


async def group(storage: Storage, room_id: str, *names: str) -> DraftGroup:
    return DraftGroup.of(*[await storage.draft(room_id, name) for name in names])


async def applied(storage: Storage, room_id: str, *, more: int = 0, last_timestamp_ms: int = 0) -> Applied:
    """What a node has applied that saw all there is, and so many events more."""
    head = await storage.archive.open(room_id)
    return Applied(epoch=head.epoch, head=head.head + more, last_timestamp_ms=last_timestamp_ms)


async def test_a_group_gets_places_that_follow_one_another_and_one_time(storage: Storage) -> None:
    groups = [await group(storage, "general", "message", "note", "message"), await group(storage, "general", "note")]
    first, second = await storage.archive.append(groups, {}, 1_000)
    assert isinstance(first, tuple)
    assert isinstance(second, tuple)
    assert (seqs(first), seqs(second)) == ([1, 2, 3], [4])
    assert [event.event_seq for event in first] == [1, 1, 2]
    assert {event.timestamp_ms for event in first} == {1_000}
    assert await storage.all("general") == [*first, *second]


async def test_a_group_of_another_life_takes_no_number(storage: Storage) -> None:
    ours = await group(storage, "general", "message", "message")
    other = DraftGroup.of(*[replace(draft, epoch="other") for draft in ours.drafts])
    refused, kept = await storage.archive.append([other, ours], {}, 1)
    assert isinstance(refused, RoomNotFound)
    assert isinstance(kept, tuple)
    assert seqs(kept) == [1, 2]


async def test_a_key_belongs_to_the_whole_group(storage: Storage) -> None:
    keyed = await storage.keyed("general", b"1", b"2", key="k")
    await storage.archive.append([keyed], {}, 1_000)
    assert await storage.archive.append([keyed], {}, 2_000) == [Repeat(seq=1, timestamp_ms=1_000)]
    other = await storage.keyed("general", b"1", b"3", key="k")
    assert isinstance((await storage.archive.append([other], {}, 2_000))[0], InvalidRequest)
    assert seqs(await storage.all("general")) == [1, 2]


async def test_a_storage_that_holds_less_than_was_applied_refuses_and_begins_a_new_life(storage: Storage) -> None:
    """Of that room alone; a seq must not be given twice in one life."""
    await storage.publish("general", "message")
    before = await storage.archive.open("general")
    groups = [await group(storage, room_id, "message") for room_id in ("general", "other", "general")]
    seen = {"general": await applied(storage, "general", more=1)}
    first, other, second = await storage.archive.append(groups, seen, 1)
    assert isinstance(first, HistoryWentBack)
    assert isinstance(second, HistoryWentBack)
    assert isinstance(other, tuple)
    after = await storage.archive.open("general")
    assert after.epoch != before.epoch
    assert replace(after, epoch=before.epoch, stamp=before.stamp) == before
    assert seqs(await storage.publish("general", "message")) == [2]


async def test_a_storage_in_another_life_than_the_one_that_was_applied_refuses_and_stays_in_it(
    storage: Storage,
) -> None:
    drafts = await group(storage, "general", "message")
    before = await storage.archive.open("general")
    [refused] = await storage.archive.append([drafts], {"general": Applied(epoch="another", head=0)}, 1)
    assert isinstance(refused, HistoryWentBack)
    assert await storage.archive.open("general") == before


async def test_a_storage_that_holds_more_than_was_applied_goes_on(storage: Storage) -> None:
    seen = {"general": await applied(storage, "general")}
    await storage.publish("general", "message")
    [kept] = await storage.archive.append([await group(storage, "general", "message")], seen, 1)
    assert isinstance(kept, tuple)
    assert seqs(kept) == [2]


async def test_no_event_is_older_than_what_a_node_has_told_of_its_room_and_others_are_not_held_back(
    storage: Storage,
) -> None:
    groups = [await group(storage, room_id, "message") for room_id in ("general", "other")]
    seen = {"general": await applied(storage, "general", last_timestamp_ms=5_000)}
    outcomes = await storage.archive.append(groups, seen, 1_000)
    times = [event.timestamp_ms for outcome in outcomes if isinstance(outcome, tuple) for event in outcome]
    assert times == [5_000, 1_000]
    assert (await storage.archive.open("general")).last_timestamp_ms == 5_000


async def test_an_event_of_a_group_is_what_its_draft_was(storage: Storage) -> None:
    drafts = await group(storage, "general", "message", "note")
    [kept] = await storage.archive.append([drafts], {}, 7)
    assert kept == tuple(
        draft.kept(timestamp_ms=7, seq=seq, event_seq=1) for seq, draft in enumerate(drafts.drafts, start=1)
    )
    assert all(isinstance(event, Event) for event in kept)


async def test_a_group_of_an_ended_life_is_not_found_also_where_that_life_was_applied(storage: Storage) -> None:
    await storage.publish("general", "message")
    late, seen = await group(storage, "general", "message"), await applied(storage, "general")
    await storage.rooms.delete("general")
    new = await group(storage, "general", "message")
    first, second = await storage.archive.append([late, new], {"general": seen}, 1_000)
    assert isinstance(first, RoomNotFound)
    assert isinstance(second, HistoryWentBack)
