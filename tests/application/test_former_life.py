"""What is published for a life of a room that is over by then."""

from __future__ import annotations

from anyio import Event as Signal
from anyio import fail_after

from dialogue.application.rooms.runtime_rooms import RuntimeRooms
from dialogue.domain.draft import Draft
from dialogue.domain.draft_group import DraftGroup
from dialogue.domain.errors import RoomNotFound, Unavailable
from dialogue.domain.event_definition import History, define_event
from dialogue.domain.outcome import GroupOutcome
from dialogue.domain.ports.room_store import StoredRoom
from dialogue.domain.room import RoomConfig

from .node import MemoryNode

MESSAGE = define_event("message", history=History(limit=5))
ROOMS = {"room": RoomConfig(name="Room", events=[MESSAGE])}


async def outcome_of(node: MemoryNode, room_id: str) -> GroupOutcome:
    """What becomes of an event of a life that is over."""
    found: list[GroupOutcome] = []
    is_settled = Signal()

    def settle(outcome: GroupOutcome) -> None:
        found.append(outcome)
        is_settled.set()

    draft = Draft(room_id=room_id, epoch="over", name="message", payload=b"1", sender="ada")
    await node.journal.put(DraftGroup.of(draft), settle)
    with fail_after(30):
        await is_settled.wait()
    return found[0]


async def test_in_a_room_that_has_begun_anew_it_may_be_tried_again() -> None:
    """As the room is configured it was not deleted: its database was emptied, or restored."""
    async with MemoryNode(ROOMS).running() as node:
        await node.registry.open("room")
        assert isinstance(await outcome_of(node, "room"), Unavailable)


async def test_in_a_room_that_was_deleted_and_made_again_it_is_not_found() -> None:
    async with MemoryNode({}, RuntimeRooms(events=[MESSAGE])).running() as node:
        await node.manage.create(StoredRoom(id="again", name="Again"))
        await node.registry.open("again")
        assert isinstance(await outcome_of(node, "again"), RoomNotFound)


async def test_in_a_room_that_is_gone_it_is_not_found() -> None:
    async with MemoryNode(ROOMS).running() as node:
        assert isinstance(await outcome_of(node, "gone"), RoomNotFound)
