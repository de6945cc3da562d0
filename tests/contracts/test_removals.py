"""What every Removals promises."""

from __future__ import annotations

from dialogue.domain.ports.removals import Removal, Removals

from .storage import Storage, over
from .test_room_moves import moves_of

pytestmark = over("memory", "postgresql")
ADA = Removal(user_id="ada", reason="spam, „again“")
BOB = Removal(user_id="bob", room_id="general", reason="")


def removals_of(storage: Storage) -> Removals:
    """The port, which this storage has."""
    assert storage.ports.removals is not None
    return storage.ports.removals


async def test_a_removal_is_told_to_each_node_once_in_order(storage: Storage) -> None:
    moves = moves_of(storage)
    one, other = [(await moves.moved(None)).cursor for _ in range(2)]
    await removals_of(storage).add(ADA)
    await storage.publish("general", "message")
    found = await moves.moved(one)
    assert found.removals == [ADA]
    assert [move.room_id for move in found.rooms] == ["general"]
    await removals_of(storage).add(BOB)
    assert (await moves.moved(found.cursor)).removals == [BOB]
    found = await moves.moved(other)
    assert found.removals == [ADA, BOB]
    assert (await moves.moved(found.cursor)).removals == []


async def test_one_that_was_before_is_not_told(storage: Storage) -> None:
    await removals_of(storage).add(ADA)
    found = await moves_of(storage).moved(None)
    assert found.removals == ()
    assert (await moves_of(storage).moved(found.cursor)).removals == []


async def test_a_removal_may_be_asked_for_again(storage: Storage) -> None:
    cursor = (await moves_of(storage).moved(None)).cursor
    for _ in range(2):
        await removals_of(storage).add(ADA)
    assert (await moves_of(storage).moved(cursor)).removals == [ADA, ADA]
