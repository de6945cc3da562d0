"""Erasure reports what it has seen done, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from dialogue.adapters.memory.history_archive import MemoryHistoryArchive
from dialogue.adapters.memory.store import MemoryStore
from dialogue.adapters.memory.user_events import MemoryUserEvents
from dialogue.application.rooms.runtime_rooms import RuntimeRooms
from dialogue.domain.draft_group import DraftGroup
from dialogue.domain.errors import DialogueError, InvalidEvent, Problem, Unavailable
from dialogue.domain.event_definition import History, define_event
from dialogue.domain.outcome import GroupOutcome, OutcomeUnknown
from dialogue.domain.page import PageRequest
from dialogue.domain.ports.room_store import StoredRoom
from dialogue.domain.position import Applied
from dialogue.domain.redaction import ERASED
from dialogue.domain.room import RoomConfig

from .node import MemoryNode

pytestmark = pytest.mark.anyio

EVENTS = [define_event("message", history=History(limit=5))]
ROOMS = {name: RoomConfig(name=name, events=EVENTS) for name in ("a", "b")}


class FailingArchive(MemoryHistoryArchive):
    """Fails for one room, once: before it keeps a batch, or after it."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__(store)
        self.failure: Exception | None = None
        self.keeps_first = False

    async def append(
        self, groups: Sequence[DraftGroup], applied: Mapping[str, Applied], now_ms: int
    ) -> list[GroupOutcome]:
        failure, self.failure = self.failure, None
        if failure is not None and not self.keeps_first:
            raise failure
        outcomes = await super().append(groups, applied, now_ms)
        if failure is not None:
            raise failure
        return outcomes


class RefusingArchive(FailingArchive):
    """Refuses one group of a batch with an error of its own."""

    async def append(
        self, groups: Sequence[DraftGroup], applied: Mapping[str, Applied], now_ms: int
    ) -> list[GroupOutcome]:
        failure, self.failure = self.failure, None
        if not isinstance(failure, DialogueError):
            return await super().append(groups, applied, now_ms)
        return [failure, *await super().append(groups[1:], applied, now_ms)]


def filled(archive: type[FailingArchive] = FailingArchive) -> tuple[MemoryNode, FailingArchive]:
    store = MemoryStore()
    failing = archive(store)
    return MemoryNode(ROOMS, store=store, archive=failing), failing


async def publish(node: MemoryNode) -> None:
    for room_id in ROOMS:
        for number in range(3):
            await node.publish(room_id, "message", number, sender="bob")
        await node.publish(room_id, "message", "stays", sender="ada")


async def senders(node: MemoryNode) -> set[str]:
    return {event.sender for room_id in ROOMS for event in (await node.pages(PageRequest(room_id=room_id))).events}


@pytest.mark.parametrize("keeps_first", [True, False])
async def test_an_unexplained_failure_is_raised_and_calling_again_finishes_it(keeps_first: bool) -> None:
    node, archive = filled()
    async with node.running():
        await publish(node)
        archive.failure, archive.keeps_first = RuntimeError("nobody knows"), keeps_first
        with pytest.raises(OutcomeUnknown):
            await node.dialogue.erase("bob", by="mod")
        await node.dialogue.erase("bob", by="mod")
        assert await senders(node) == {ERASED, "ada", "mod"}
        assert (await MemoryUserEvents(node.store).sent_by("bob", "", 100)).places == []


@pytest.mark.parametrize("kind", [Unavailable, InvalidEvent])
async def test_one_event_that_could_not_be_blanked_is_raised_and_the_others_are_blanked(
    kind: type[DialogueError],
) -> None:
    node, archive = filled(RefusingArchive)
    async with node.running():
        await publish(node)
        archive.failure = Unavailable("gone") if kind is Unavailable else InvalidEvent([Problem("data", "odd")])
        with pytest.raises(kind):
            await node.dialogue.erase("bob", by="mod")
        left = [event for name in ROOMS for event in (await node.pages(PageRequest(room_id=name))).events]
        assert sum(event.sender == "bob" for event in left) == 1
        assert await node.dialogue.erase("bob", by="mod") == 1
        assert await senders(node) == {ERASED, "ada", "mod"}


async def test_a_redaction_of_unknown_outcome_is_no_success() -> None:
    node, archive = filled()
    async with node.running():
        await publish(node)
        archive.failure, archive.keeps_first = RuntimeError("nobody knows"), False
        with pytest.raises(OutcomeUnknown):
            await node.dialogue.room("a").redact(1)
        page = await node.pages(PageRequest(room_id="a"))
        assert [event.is_redacted for event in page.events if event.seq == 1] == [False]
        await node.dialogue.room("a").redact(1)


async def test_a_deletion_that_failed_is_no_success() -> None:
    node = MemoryNode({}, RuntimeRooms(events=EVENTS))

    async def fail(room_id: str) -> None:
        raise RuntimeError("nobody knows")

    async with node.running():
        await node.manage.create(StoredRoom(id="room", name="Room"))
        await node.publish("room", "message", 1, sender="ada")
        delete, node.registry._store.delete = node.registry._store.delete, fail  # type: ignore[method-assign]
        with pytest.raises(RuntimeError):
            await node.dialogue.delete_room("room")
        assert [event.data for event in (await node.pages(PageRequest(room_id="room"))).events] == [1]
        node.registry._store.delete = delete  # type: ignore[method-assign]
        await node.dialogue.delete_room("room")
