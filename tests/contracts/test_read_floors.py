"""What every ReadFloors promises."""

from __future__ import annotations

import pytest
from anyio import create_task_group

from dialogue.domain.ports.read_floors import ReadFloors

from .storage import Storage


@pytest.fixture
def floors(storage: Storage) -> ReadFloors:
    """The storage's own."""
    return storage.ports.read_floors


async def test_a_floor_stays_where_it_was_first_put(floors: ReadFloors) -> None:
    assert await floors.get("ada", "general", "e") is None
    assert await floors.put("ada", "general", "e", 7, 10) == 7
    assert await floors.put("ada", "general", "e", 9, 10) == 7
    assert await floors.put("ada", "general", "e", 3, 10) == 7
    assert await floors.get("ada", "general", "e") == 7


async def test_it_is_one_users_in_one_room_and_one_epoch(floors: ReadFloors) -> None:
    await floors.put("ada", "general", "e", 7, 10)
    for user_id, room_id, epoch in (("bob", "general", "e"), ("ada", "other", "e"), ("ada", "general", "f")):
        assert await floors.get(user_id, room_id, epoch) is None
    assert await floors.put("ada", "general", "f", 0, 10) == 0
    assert await floors.get("ada", "general", "f") == 0
    assert await floors.get("ada", "general", "e") is None


async def test_a_room_has_no_more_than_it_may(floors: ReadFloors) -> None:
    for user_id in ("ada", "bob"):
        assert await floors.put(user_id, "general", "e", 1, 2) == 1
    assert await floors.put("eve", "general", "e", 1, 2) is None
    assert await floors.get("eve", "general", "e") is None
    assert await floors.put("ada", "general", "e", 2, 2) == 1
    assert await floors.put("eve", "other", "e", 1, 2) == 1


async def test_of_several_at_once_one_is_in_force(floors: ReadFloors) -> None:
    given: list[int | None] = []

    async def put(seq: int) -> None:
        given.append(await floors.put("ada", "general", "e", seq, 10))

    async with create_task_group() as tasks:
        for seq in range(8):
            tasks.start_soon(put, seq)
    assert len(given) == 8
    assert set(given) == {await floors.get("ada", "general", "e")}


async def test_what_is_forgotten_can_be_put_anew(floors: ReadFloors) -> None:
    for room_id in ("general", "other"):
        await floors.put("ada", room_id, "e", 7, 10)
    await floors.put("bob", "general", "e", 7, 10)
    assert await floors.forget("ada", "general") == 1
    assert await floors.forget("ada", "general") == 0
    assert await floors.put("ada", "general", "e", 9, 10) == 9
    assert await floors.forget("ada") == 2
    assert await floors.get("ada", "other", "e") is None
    assert await floors.get("bob", "general", "e") == 7


async def test_they_go_with_the_room(storage: Storage, floors: ReadFloors) -> None:
    await storage.publish("general", "message")
    epoch = (await storage.archive.open("general")).epoch
    await floors.put("ada", "general", epoch, 1, 10)
    await storage.rooms.delete("general")
    while await storage.archive.sweep(1, 1_000):
        pass
    assert await floors.forget("ada") == 0
