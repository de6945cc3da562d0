"""What every RoomStore promises, and what the end of a room's life means to archive and source."""

from __future__ import annotations

import pytest
from anyio import create_task_group

from dialogue.domain.errors import Forbidden, RoomExists, RoomNotFound
from dialogue.domain.page import PageLimit
from dialogue.domain.ports.room_store import StoredRoom
from dialogue.domain.position import StreamHead
from dialogue.domain.room_limits import RoomLimits

from ..support.appending import append
from .storage import MAX_ENDED_ROOMS, OF_DIALOGUE, Storage, seqs

FULL = StoredRoom(
    id="ada's",
    name="Ada’s room",
    description="For \x00 and é",
    max_size=7,
    event_names=("message", "typing"),
    created_by_id="ada",
)


async def test_a_storage_begins_without_rooms(storage: Storage) -> None:
    assert list(await storage.rooms.rooms()) == []


async def test_rooms_come_back_as_they_were_created_in_order_of_id(storage: Storage) -> None:
    rooms = [FULL, StoredRoom(id="z", name="Z", event_names=()), StoredRoom(id="b", name="B")]
    for room in rooms:
        await storage.rooms.create(room)
    assert list(await storage.rooms.rooms()) == sorted(rooms, key=lambda room: room.id)


async def test_one_room_can_be_found(storage: Storage) -> None:
    assert await storage.rooms.find(FULL.id) is None
    await storage.rooms.create(FULL)
    assert await storage.rooms.find(FULL.id) == FULL
    await storage.rooms.delete(FULL.id)
    assert await storage.rooms.find(FULL.id) is None


async def test_an_id_can_be_created_once(storage: Storage) -> None:
    await storage.rooms.create(FULL)
    with pytest.raises(RoomExists):
        await storage.rooms.create(StoredRoom(id=FULL.id, name="another"))
    assert list(await storage.rooms.rooms()) == [FULL]


async def outcomes_of(storage: Storage, limits: RoomLimits, *rooms: StoredRoom) -> list[str]:
    """What becomes of rooms that are created at once, in order of these."""
    found = dict.fromkeys((room.id for room in rooms), "made")

    async def create(room: StoredRoom) -> None:
        try:
            await storage.rooms.create(room, limits)
        except (Forbidden, RoomExists) as error:
            found[room.id] = error.message

    async with create_task_group() as tasks:
        for room in rooms:
            tasks.start_soon(create, room)
    return sorted(found.values())


def rooms_of(user_id: str | None, count: int) -> list[StoredRoom]:
    """So many rooms of a user."""
    return [StoredRoom(id=f"{user_id} {number}", name="n", created_by_id=user_id) for number in range(count)]


OWN_LIMIT = "You have already made as many rooms as are allowed (2)"
LIMIT_OF_ALL = "There are already as many rooms as are allowed (3)"
FEW = RoomLimits(in_all=3, per_user=2)


async def test_of_rooms_that_are_created_at_once_as_many_are_as_are_allowed(storage: Storage) -> None:
    assert await outcomes_of(storage, FEW, *rooms_of("ada", 5)) == [*[OWN_LIMIT] * 3, "made", "made"]
    assert await outcomes_of(storage, FEW, *rooms_of("bob", 3)) == [*[LIMIT_OF_ALL] * 2, "made"]
    assert len(await storage.rooms.rooms()) == 3


async def test_a_refused_room_leaves_nothing(storage: Storage) -> None:
    await outcomes_of(storage, FEW, *rooms_of("ada", 2))
    refused = StoredRoom(id="refused", name="n", created_by_id="ada")
    assert await outcomes_of(storage, FEW, refused) == [OWN_LIMIT]
    assert await storage.rooms.find("refused") is None
    await storage.publish("refused", "message")  # a room of the application's now, or of nobody
    assert len(await storage.rooms.rooms()) == 2


async def test_rooms_of_nobody_count_in_all_alone_and_a_room_that_exists_is_said_to(storage: Storage) -> None:
    assert await outcomes_of(storage, FEW, *rooms_of(None, 4)) == [LIMIT_OF_ALL, "made", "made", "made"]
    [exists] = await outcomes_of(storage, FEW, (await storage.rooms.rooms())[0])
    assert "already" in exists
    assert exists != LIMIT_OF_ALL


async def test_a_deleted_room_counts_no_more_and_one_that_is_made_again_counts_for_who_made_it(
    storage: Storage,
) -> None:
    ada = rooms_of("ada", 2)
    await outcomes_of(storage, FEW, *ada)
    await storage.rooms.delete(ada[0].id)
    assert await outcomes_of(storage, FEW, StoredRoom(id=ada[0].id, name="n", created_by_id="bob")) == ["made"]
    await storage.rooms.delete(ada[1].id)
    assert await outcomes_of(storage, FEW, *rooms_of("bob", 2)) == [OWN_LIMIT, "made"]
    assert await outcomes_of(storage, FEW, ada[1]) == ["made"]


async def test_where_nothing_is_allowed_none_is_made_and_without_limits_any(storage: Storage) -> None:
    assert await outcomes_of(storage, RoomLimits(in_all=0, per_user=2), FULL) == [LIMIT_OF_ALL.replace("3", "0")]
    assert await outcomes_of(storage, RoomLimits(in_all=2, per_user=0), FULL) == [OWN_LIMIT.replace("2", "0")]
    await storage.rooms.create(FULL)


async def test_a_room_can_be_created_over_a_history_that_is_already_there(storage: Storage) -> None:
    await storage.publish("general", "message")
    await storage.rooms.create(StoredRoom(id="general", name="General"))
    assert (await storage.archive.open("general")).head == 1


async def test_a_created_room_can_be_opened_and_written_to(storage: Storage) -> None:
    await storage.rooms.create(FULL)
    assert seqs(await storage.publish(FULL.id, "message")) == [1]


async def test_a_deleted_room_is_forgotten_and_can_be_created_again(storage: Storage) -> None:
    await storage.rooms.create(FULL)
    await storage.rooms.delete(FULL.id)
    assert list(await storage.rooms.rooms()) == []
    await storage.rooms.create(FULL)
    assert list(await storage.rooms.rooms()) == [FULL]


async def test_deleting_an_unknown_room_does_nothing(storage: Storage) -> None:
    await storage.rooms.delete("nowhere")
    assert (await storage.archive.open("nowhere")).head == 0


async def test_no_reader_sees_an_event_of_the_old_life(storage: Storage) -> None:
    await storage.publish("general", "message", "typing", now_ms=5)
    await storage.rooms.delete("general")
    for names in (None, ["message"], ["message", "typing"]):
        assert await storage.source.older("general", names, 100, PageLimit()) == []
        assert await storage.source.newer("general", names, 0, PageLimit()) == []
    assert await storage.source.between("general", "message", 1, 100, 1_000) == []
    assert await storage.source.seq_at("general", 0) is None


@OF_DIALOGUE
async def test_the_next_life_has_another_epoch_and_goes_on_from_the_old_heads(storage: Storage) -> None:
    await storage.publish("general", "message", "typing", "message", now_ms=5)
    old = await storage.archive.open("general")
    await storage.rooms.delete("general")
    new = await storage.archive.open("general")
    assert new.epoch != old.epoch
    assert (new.head, new.floor, new.last_timestamp_ms) == (3, 3, 5)
    assert new.streams == {
        "message": StreamHead(head=2, floor=2, floor_seq=3),
        "typing": StreamHead(head=1, floor=1, floor_seq=3),
    }
    [event] = await storage.publish("general", "message", now_ms=1)
    assert (event.seq, event.event_seq, event.timestamp_ms) == (4, 3, 5)
    assert await storage.source.older("general", None, 100, PageLimit()) == [event]
    assert await storage.source.newer("general", ["message"], 0, PageLimit()) == [event]
    assert await storage.source.between("general", "message", 1, 100, 1_000) == [event]
    assert await storage.source.seq_at("general", 0) == 4


async def test_a_draft_of_the_old_life_is_refused_in_the_next(storage: Storage) -> None:
    draft = await storage.draft("general")
    await storage.rooms.delete("general")
    await storage.archive.open("general")
    [refused] = await append(storage.archive, [draft], 1)
    assert isinstance(refused, RoomNotFound)


async def test_a_sweep_removes_the_old_life_in_bites_and_nothing_else(storage: Storage) -> None:
    for room_id in ("a", "b", "kept"):
        await storage.publish(room_id, *["message"] * 5)
    for room_id in ("a", "b"):
        await storage.rooms.delete(room_id)
    [new] = await storage.publish("a", "message")
    assert [await storage.archive.sweep(3, 1_000) for _ in range(5)] == [storage.rows(n) for n in (3, 3, 3, 2, 0)]
    assert await storage.source.older("a", None, 100, PageLimit()) == [new]
    assert len(await storage.source.older("kept", None, 100, PageLimit())) == 5


async def test_a_room_deleted_twice_is_swept_of_both_lives(storage: Storage) -> None:
    for _ in range(2):
        await storage.publish("general", "message", "message")
        await storage.rooms.delete("general")
    assert await storage.sweep_all() == storage.rows(5)  # four events, and one stream
    assert (await storage.archive.open("general")).head == 4


async def test_a_room_deleted_half_way_through_a_sweep_is_swept_to_the_end(storage: Storage) -> None:
    await storage.publish("general", *["message"] * 5)
    await storage.rooms.delete("general")
    assert await storage.archive.sweep(2, 1_000) == storage.rows(2)
    await storage.publish("general", "message")
    await storage.rooms.delete("general")
    assert await storage.sweep_all() == storage.rows(5)


@OF_DIALOGUE
async def test_of_a_deleted_room_epoch_and_head_alone_stay(storage: Storage) -> None:
    await storage.rooms.create(FULL)
    await storage.publish(FULL.id, "message", "typing", "message")
    await storage.marks.mark("ada", FULL.id, 1)
    await storage.rooms.delete(FULL.id)
    assert await storage.sweep_all(bite=2) == 6
    head = await storage.archive.open(FULL.id)
    assert (head.head, head.floor, head.streams) == (3, 3, {})
    [event] = await storage.publish(FULL.id, "message")
    assert (event.seq, event.event_seq) == (4, 1)
    assert await storage.source.between(FULL.id, "message", 1, 10, 1_000) == [event]


async def test_a_room_that_is_made_again_before_the_sweep_keeps_its_streams(storage: Storage) -> None:
    await storage.rooms.create(FULL)
    await storage.publish(FULL.id, "message")
    await storage.rooms.delete(FULL.id)
    await storage.rooms.create(FULL)
    assert await storage.sweep_all() == storage.rows(1)
    [event] = await storage.publish(FULL.id, "message")
    assert (event.seq, event.event_seq) == (2, 2)


async def test_a_room_without_events_leaves_nothing_either(storage: Storage) -> None:
    await storage.rooms.create(FULL)
    await storage.archive.open(FULL.id)
    await storage.marks.mark("ada", FULL.id, 0)
    await storage.rooms.delete(FULL.id)
    assert await storage.sweep_all() == storage.rows(1)
    assert await storage.marks.forget("ada") == 0


async def test_only_so_many_deleted_rooms_are_remembered(storage: Storage) -> None:
    """The oldest are forgotten: such a room begins at 1, in another epoch."""
    ids = [f"room-{number:03}" for number in range(MAX_ENDED_ROOMS + 5)]
    epochs = {}
    for room_id in ids:
        await storage.rooms.create(StoredRoom(id=room_id, name="Room"))
        await storage.publish(room_id, "message")
        await storage.rooms.delete(room_id)
    await storage.sweep_all()
    for room_id in ids:
        epochs[room_id] = await storage.archive.open(room_id)
    assert [epochs[room_id].head for room_id in ids] == [0] * 5 + [1] * MAX_ENDED_ROOMS
    assert len({head.epoch for head in epochs.values()}) == len(ids)
