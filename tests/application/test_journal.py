"""Group commit: order, batches, bounds, and what happens when the archive fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import monotonic

import pytest
from anyio import Event as Signal
from anyio import create_task_group, fail_after
from anyio.lowlevel import checkpoint

from dialogue.adapters.memory.history_archive import MemoryHistoryArchive
from dialogue.adapters.memory.store import MemoryStore
from dialogue.application.deadline import deadline_at
from dialogue.application.publishing.journal_queue import JournalLimits
from dialogue.domain.draft_group import DraftGroup
from dialogue.domain.errors import Unavailable
from dialogue.domain.event import Event
from dialogue.domain.event_definition import History, define_event
from dialogue.domain.outcome import GroupOutcome, Outcome, OutcomeUnknown, of_one
from dialogue.domain.position import Applied
from dialogue.domain.room import RoomConfig

from ..support.appending import append
from .node import MemoryNode, sent

pytestmark = pytest.mark.anyio

EVENTS = [define_event("message", history=History(limit=5)), define_event("typing")]
ROOMS = {name: RoomConfig(name=name, events=EVENTS) for name in ("a", "b")}


class GatedArchive(MemoryHistoryArchive):
    """The archive in memory behind a gate: each append waits until the test lets it through, or fails as it says."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__(store)
        self.batches: list[list[str]] = []
        self.waiting = Signal()
        self.gate: Signal | None = None
        self.failure: Exception | None = None
        self.forgets = False

    async def append(
        self, groups: Sequence[DraftGroup], applied: Mapping[str, Applied], now_ms: int
    ) -> list[GroupOutcome]:
        self.batches.append([draft.payload.decode() for group in groups for draft in group.drafts])
        self.waiting.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        outcomes = await super().append(groups, applied, now_ms)
        return [] if self.forgets else outcomes


def gated(limits: JournalLimits | None = None) -> tuple[MemoryNode, GatedArchive]:
    store = MemoryStore()
    archive = GatedArchive(store)
    return MemoryNode(ROOMS, store=store, archive=archive, journal_limits=limits or JournalLimits()), archive


class Outcomes:
    """Collects what becomes of drafts, in the order in which it becomes known."""

    def __init__(self) -> None:
        self.found: list[Outcome] = []

    def add(self, outcome: GroupOutcome) -> None:
        self.found.append(of_one(outcome))

    async def reach(self, count: int) -> list[Outcome]:
        with fail_after(30):
            while len(self.found) < count:
                await checkpoint()
        return self.found


async def put(node: MemoryNode, data: object, outcomes: Outcomes, *, room: str = "a", name: str = "message") -> None:
    opened, history = await node.registry.open(room)
    draft = opened.admit(name, data, sender="ada", epoch=history.epoch)
    await node.journal.put(DraftGroup.of(draft), outcomes.add)


async def test_all_that_comes_while_a_batch_is_in_flight_is_the_next_batch() -> None:
    node, archive = gated()
    outcomes = Outcomes()
    async with node.running():
        archive.gate = Signal()
        await put(node, 0, outcomes)
        await archive.waiting.wait()
        for number in range(1, 6):
            await put(node, number, outcomes, room="ab"[number % 2])
        archive.gate.set()
        await outcomes.reach(6)
    assert archive.batches == [["0"], ["1", "2", "3", "4", "5"]]


async def test_a_batch_takes_no_more_events_and_bytes_than_its_limits_say() -> None:
    node, archive = gated(JournalLimits(batch_events=3, batch_bytes=650))  # three small events weigh less
    outcomes = Outcomes()
    async with node.running():
        archive.gate = Signal()
        await put(node, 0, outcomes)
        await archive.waiting.wait()
        for data in (1, 2, 3, 4, "x" * 100, "x" * 100, "x" * 700):
            await put(node, data, outcomes)
        archive.gate.set()
        await outcomes.reach(8)
    assert [len(batch) for batch in archive.batches] == [1, 3, 2, 1, 1]
    assert [event.seq for event in outcomes.found if isinstance(event, Event)] == list(range(1, 9))


async def test_an_event_without_history_overtakes_nothing_of_its_room_and_waits_for_no_other_room() -> None:
    node, archive = gated()
    outcomes = Outcomes()
    async with node.running():
        session = node.session()
        for room in "ab":
            await node.join(session, room)
            node.join.release(session, room)
        archive.gate = Signal()
        await put(node, 1, outcomes)
        await archive.waiting.wait()
        await put(node, "behind", outcomes, name="typing")
        await put(node, "free", outcomes, name="typing", room="b")
        await outcomes.reach(1)
        assert sent(session) == ["typing:None"], "the other room's went out at once"
        archive.gate.set()
        await outcomes.reach(3)
        assert sent(session) == ["message:1", "typing:None"]


async def test_time_does_not_run_backwards_in_a_batch_of_events_with_and_without_history() -> None:
    """Also where the commit takes long: an event without history is no newer than the one behind it."""
    node, archive = gated()
    outcomes = Outcomes()
    async with node.running():
        archive.gate = Signal()
        await put(node, 1, outcomes)
        await archive.waiting.wait()
        archive.waiting = Signal()
        await put(node, "ahead", outcomes, name="typing")
        await put(node, 2, outcomes)
        archive.gate.set()
        archive.gate = Signal()
        await archive.waiting.wait()
        node.clock.now += 100
        archive.gate.set()
        await outcomes.reach(3)
    times = [event.timestamp_ms for event in outcomes.found if isinstance(event, Event)]
    assert times == sorted(times)
    assert len(times) == 3


async def test_nothing_is_sent_before_it_is_kept_and_nothing_of_a_failed_batch_ever() -> None:
    node, archive = gated()
    outcomes = Outcomes()
    async with node.running():
        session = node.session()
        await node.join(session, "a")
        node.join.release(session, "a")
        archive.gate, archive.failure = Signal(), Unavailable("no disk")
        await put(node, 1, outcomes)
        await archive.waiting.wait()
        assert outcomes.found == []
        assert sent(session) == []
        archive.gate.set()
        await outcomes.reach(1)
        archive.gate, archive.failure = None, None
        await put(node, 2, outcomes)
        await outcomes.reach(2)
        assert sent(session) == ["message:1"]
    first, second = outcomes.found
    assert isinstance(first, Unavailable)
    assert isinstance(second, Event)
    assert second.data == 2
    assert second.seq == 1


async def test_an_unexplained_failure_is_no_answer_and_the_writer_goes_on() -> None:
    node, archive = gated()
    outcomes = Outcomes()
    async with node.running():
        archive.failure = ValueError("a fault of the archive")
        await put(node, 1, outcomes)
        await outcomes.reach(1)
        archive.failure = None
        await put(node, 2, outcomes)
        await outcomes.reach(2)
    assert isinstance(outcomes.found[0], OutcomeUnknown)
    assert isinstance(outcomes.found[1], Event)


async def test_an_archive_that_gives_too_few_outcomes_answers_nobody_and_the_writer_goes_on() -> None:
    node, archive = gated()
    outcomes = Outcomes()
    async with node.running():
        archive.forgets = True
        await put(node, 1, outcomes)
        await outcomes.reach(1)
        archive.forgets = False
        await put(node, 2, outcomes)
        await outcomes.reach(2)
    assert isinstance(outcomes.found[0], OutcomeUnknown)
    assert isinstance(outcomes.found[1], Event)


async def test_an_append_that_was_kept_and_never_told_of_leaves_no_hole_in_what_readers_see() -> None:
    node, _ = gated()
    async with node.running():
        for number in range(3):
            await node.publish("a", "message", number, sender="ada")
        _, history = await node.registry.open("a")
        draft = node.registry.room("a").admit("message", "unseen", sender="ada", epoch=history.epoch)
        await append(MemoryHistoryArchive(node.store), [draft], 5_000)
        await node.publish("a", "message", "after", sender="ada")
        events = await node.dialogue.room("a").history("message", 0, 10)
    assert [event.data for event in events] == ["after", "unseen", 2, 1, 0]


async def test_who_waits_is_refused_at_its_own_deadline_whatever_is_in_flight() -> None:
    """All that came together goes together, though what stands before them does not end; none of it is kept later."""
    node, archive = gated()
    outcomes, first = Outcomes(), Outcomes()
    async with node.running():
        archive.gate = Signal()
        await put(node, 0, first)
        await archive.waiting.wait()
        with deadline_at(monotonic() + 0.5):
            for number in range(1, 8):
                await put(node, number, outcomes)
        await put(node, 8, first)
        assert all(isinstance(outcome, Unavailable) for outcome in await outcomes.reach(7))
        assert first.found == []
        archive.gate.set()
        kept = await first.reach(2)
        assert [event.seq for event in kept if isinstance(event, Event)] == [1, 2]
    assert archive.batches == [["0"], ["8"]]


async def test_a_full_queue_makes_publishers_wait_and_then_refuses() -> None:
    node, archive = gated(JournalLimits(waiting_events=2))
    outcomes = Outcomes()
    async with node.running():
        archive.gate = Signal()
        await put(node, 0, outcomes)
        await archive.waiting.wait()
        for number in (1, 2):
            await put(node, number, outcomes)
        with deadline_at(monotonic() + 0.01), pytest.raises(Unavailable, match="overloaded"):
            await put(node, 3, outcomes)
        archive.gate.set()
        await outcomes.reach(3)
        await put(node, 4, outcomes)
        await outcomes.reach(4)


async def test_a_publisher_who_waits_for_a_place_gets_the_first_that_comes_free() -> None:
    node, archive = gated(JournalLimits(waiting_events=1))
    outcomes = Outcomes()
    async with node.running(), create_task_group() as tasks:
        archive.gate = Signal()
        await put(node, 0, outcomes)
        await archive.waiting.wait()
        await put(node, 1, outcomes)
        tasks.start_soon(put, node, 2, outcomes)
        await checkpoint()
        archive.gate.set()
        await outcomes.reach(3)


async def test_a_stop_keeps_and_answers_all_that_waits_and_takes_nothing_more() -> None:
    node, archive = gated()
    outcomes = Outcomes()
    async with node.running(), create_task_group() as tasks:
        archive.gate = Signal()
        for number in range(5):
            await put(node, number, outcomes)
        await archive.waiting.wait()
        tasks.start_soon(node.node.stop)
        await checkpoint()
        with pytest.raises(Unavailable, match="going down"):
            await put(node, "late", outcomes)
        archive.gate.set()
        await outcomes.reach(5)
    assert all(isinstance(outcome, Event) for outcome in outcomes.found)


async def test_a_draft_of_a_life_that_is_over_is_refused_alone() -> None:
    node, _ = gated()
    outcomes = Outcomes()
    async with node.running():
        room, history = await node.registry.open("a")
        foreign = room.admit("message", "old", sender="ada", epoch="another life")
        await node.journal.put(DraftGroup.of(foreign), outcomes.add)
        await put(node, "new", outcomes)
        await outcomes.reach(2)
        assert history.head == 1
    assert isinstance(outcomes.found[0], Unavailable)
    assert isinstance(outcomes.found[1], Event)


async def test_a_publisher_whose_answer_fails_harms_nobody_else() -> None:
    node, _ = gated()
    outcomes = Outcomes()

    def broken(_: GroupOutcome) -> None:
        raise ValueError("this publisher is gone")

    async with node.running():
        room, history = await node.registry.open("a")
        draft = room.admit("message", 1, sender="ada", epoch=history.epoch)
        await node.journal.put(DraftGroup.of(draft), broken)
        await put(node, 2, outcomes)
        await outcomes.reach(1)


async def test_timestamps_never_run_backwards_though_the_clock_does() -> None:
    node, _ = gated()
    async with node.running():
        first = await node.publish("a", "message", 1, sender="ada")
        node.clock.now -= 500
        second = await node.publish("a", "message", 2, sender="ada")
        passing = await node.publish("a", "typing", 2, sender="ada")
    assert first.timestamp_ms == second.timestamp_ms == passing.timestamp_ms == 1_000
