"""What every RoomMoves promises."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from dialogue.domain.draft_group import DraftGroup
from dialogue.domain.ports.room_moves import RoomMove, RoomMoves
from dialogue.domain.ports.room_store import StoredRoom
from dialogue.domain.position import Applied, StreamFloor

from .storage import Storage, over

pytestmark = over("memory", "postgresql")
ROOM = StoredRoom(id="ada's", name="Ada’s room")


def moves_of(storage: Storage) -> RoomMoves:
    """The port, which this storage has."""
    assert storage.moves is not None
    return storage.moves


class Watcher:
    """Somebody who asks again and again what moved."""

    def __init__(self, storage: Storage) -> None:
        self._moves = moves_of(storage)
        self._cursor: str | None = None

    async def news(self) -> Mapping[str, RoomMove]:
        """What moved since the last call, by room; the first call gives what there is no telling about."""
        moves = await self._moves.moved(self._cursor)
        is_first, self._cursor = self._cursor is None, moves.cursor
        assert moves.is_complete is not is_first
        by_room = {move.room_id: move for move in moves.rooms}
        assert len(by_room) == len(moves.rooms), "a room is told once"
        return by_room


@pytest.fixture
async def watcher(storage: Storage) -> Watcher:
    """One who has asked once, when `general` held one event."""
    await storage.publish("general", "message")
    watcher = Watcher(storage)
    assert await watcher.news() == {}
    return watcher


async def test_without_a_cursor_there_is_no_telling(storage: Storage) -> None:
    await storage.publish("general", "message")
    moves = await moves_of(storage).moved(None)
    assert (moves.rooms, moves.is_complete) == ((), False)


async def test_a_cursor_of_another_storage_is_thrown_away(storage: Storage) -> None:
    await storage.publish("general", "message")
    moves = await moves_of(storage).moved("of another")
    assert (moves.rooms, moves.is_complete) == ((), False)
    assert (await moves_of(storage).moved(moves.cursor)).is_complete


async def test_what_did_not_move_is_not_told(storage: Storage, watcher: Watcher) -> None:
    assert await watcher.news() == {}


async def test_a_room_that_events_were_kept_in_is_told_once_with_its_place(storage: Storage, watcher: Watcher) -> None:
    await storage.publish("general", "message")
    await storage.publish("other", "message", "typing")
    await storage.publish("general", "message")
    news = await watcher.news()
    assert {room_id: move.head for room_id, move in news.items()} == {"general": 3, "other": 2}
    head = await storage.archive.open("general")
    general = news["general"]
    assert (general.epoch, general.head, general.floor, general.stamp) == (head.epoch, 3, 0, head.stamp)
    assert not general.is_made
    assert await watcher.news() == {}


async def test_of_two_who_ask_each_is_told_all(storage: Storage, watcher: Watcher) -> None:
    second = Watcher(storage)
    await second.news()
    await storage.publish("general", "message")
    assert [*await watcher.news()] == [*await second.news()] == ["general"]


async def test_an_append_alone_leaves_the_stamp(storage: Storage, watcher: Watcher) -> None:
    before = (await storage.archive.open("general")).stamp
    await storage.publish("general", "message")
    assert (await watcher.news())["general"].stamp == before


async def test_a_floor_that_moved_is_told_by_the_stamp(storage: Storage, watcher: Watcher) -> None:
    before = await storage.archive.open("general")
    await storage.archive.trim("general", "message", StreamFloor(event_seq=1, seq=1))
    move = (await watcher.news())["general"]
    assert (move.epoch, move.head) == (before.epoch, before.head)
    assert move.stamp > before.stamp
    assert (await storage.archive.open("general")).stamp == move.stamp


async def test_a_sender_who_is_forgotten_is_told_by_the_stamp(storage: Storage, watcher: Watcher) -> None:
    await storage.redact("general", 1)
    before = (await watcher.news())["general"]
    await storage.redact("general", 1, erases_sender=True)
    move = (await watcher.news())["general"]
    assert move.head == before.head
    assert move.stamp > before.stamp


async def test_what_was_refused_moves_nothing(storage: Storage, watcher: Watcher) -> None:
    await storage.redact("general", 7)
    assert await watcher.news() == {}


async def test_a_repeat_moves_nothing(storage: Storage, watcher: Watcher) -> None:
    await storage.append([await storage.keyed("general", b"1", key="k")])
    await watcher.news()
    await storage.archive.append([await storage.keyed("general", b"1", key="k")], {}, 1_000)
    assert await watcher.news() == {}


async def test_reading_and_marking_move_nothing(storage: Storage, watcher: Watcher) -> None:
    await storage.archive.open("general")
    await storage.all("general")
    await storage.marks.mark("ada", "general", 1)
    assert await watcher.news() == {}


async def test_a_room_that_began_anew_is_told_with_its_new_epoch(storage: Storage, watcher: Watcher) -> None:
    before = await storage.archive.open("general")
    draft = await storage.draft("general")
    applied = Applied(epoch=before.epoch, head=before.head + 5)
    await storage.archive.append([DraftGroup.of(draft)], {"general": applied}, 1_000)
    move = (await watcher.news())["general"]
    assert move.epoch != before.epoch
    assert (move.head, move.floor) == (before.head, before.floor)
    assert move.stamp > before.stamp


async def test_rooms_that_are_made_and_deleted_are_told(storage: Storage, watcher: Watcher) -> None:
    await storage.rooms.create(ROOM)
    made = (await watcher.news())[ROOM.id]
    assert made.is_made
    assert await storage.rooms.find(ROOM.id) == ROOM
    await storage.publish(ROOM.id, "message")
    await storage.rooms.delete(ROOM.id)
    deleted = (await watcher.news())[ROOM.id]
    assert not deleted.is_made
    assert deleted.epoch != made.epoch
    assert (deleted.head, deleted.floor) == (1, 1)
    await storage.rooms.create(ROOM)
    assert (await watcher.news())[ROOM.id].is_made


async def test_places_can_be_asked_for(storage: Storage, watcher: Watcher) -> None:
    await storage.publish("other", "message", "message")
    found = {move.room_id: move.head for move in await moves_of(storage).at(["general", "nowhere", "other", "other"])}
    assert found == {"general": 1, "other": 2}
    assert await moves_of(storage).at([]) == []
