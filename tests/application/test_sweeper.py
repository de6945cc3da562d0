"""Retention beside the journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from anyio import Event as Signal
from anyio import create_task_group, fail_after

from dialogue.adapters.memory.history_archive import MemoryHistoryArchive
from dialogue.adapters.memory.store import MemoryStore
from dialogue.domain.draft_group import DraftGroup
from dialogue.domain.event_definition import History, define_event
from dialogue.domain.outcome import GroupOutcome
from dialogue.domain.page import PageRequest
from dialogue.domain.position import Applied
from dialogue.domain.room import RoomConfig

from .node import MemoryNode

pytestmark = pytest.mark.anyio

ROOMS = {"room": RoomConfig(name="Room", events=[define_event("message", history=History(limit=3, max_events=1))])}


class LateArchive(MemoryHistoryArchive):
    """Answers later than it keeps."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__(store)
        self.kept, self.gate = Signal(), Signal()

    async def append(
        self, groups: Sequence[DraftGroup], applied: Mapping[str, Applied], now_ms: int
    ) -> list[GroupOutcome]:
        outcomes = await super().append(groups, applied, now_ms)
        self.kept.set()
        await self.gate.wait()
        return outcomes


async def publish(node: MemoryNode, number: int) -> None:
    await node.publish("room", "message", number, sender="ada")


async def test_an_event_that_goes_before_it_was_told_is_in_no_page_afterwards() -> None:
    store = MemoryStore()
    archive = LateArchive(store)
    node = MemoryNode(ROOMS, store=store, archive=archive)
    async with node.running():
        await node.registry.open("room")  # so that all three are one batch
        with fail_after(30):
            async with create_task_group() as tasks:
                for number in range(3):
                    tasks.start_soon(publish, node, number)
                await archive.kept.wait()
                await node.sweeper.sweep()
                archive.gate.set()
        page = await node.pages(PageRequest(room_id="room"))
    assert [event.seq for event in page.events] == [3]
    assert not page.has_more


async def test_a_room_whose_time_is_far_ahead_is_named_once(caplog: pytest.LogCaptureFixture) -> None:
    node = MemoryNode(ROOMS)
    async with node.running():
        node.clock.now = 4_070_908_800_000
        await publish(node, 0)
        node.clock.now = 1_000
        await publish(node, 1)
        for _ in range(3):
            await node.sweeper.sweep()
        lines = [record.getMessage() for record in caplog.records if "far ahead of the clock" in record.getMessage()]
        assert len(lines) == 1
        assert "'room'" in lines[0]
        assert "doctor --mend-times" in lines[0]
