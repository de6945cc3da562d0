"""A room that somebody else has locked holds up no other room, and what belongs into it keeps its order."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import monotonic

import pytest
from anyio import create_task_group, fail_after
from anyio.lowlevel import checkpoint

from dialogue.adapters.memory.store import MemoryStore
from dialogue.application.deadline import deadline_at
from dialogue.application.publishing import held_rooms
from dialogue.application.publishing.journal_queue import JournalLimits
from dialogue.domain.draft_group import DraftGroup
from dialogue.domain.errors import Unavailable
from dialogue.domain.event import Event
from dialogue.domain.event_definition import History, define_event
from dialogue.domain.outcome import GroupOutcome, Outcome, of_one
from dialogue.domain.ports.history_archive import SpoiledBatch
from dialogue.domain.room import RoomConfig

from ..support.holding_archive import HoldingArchive
from .node import MemoryNode, sent

pytestmark = pytest.mark.anyio

EVENTS = [define_event("message", history=History(limit=50)), define_event("typing")]
ROOMS = {name: RoomConfig(name=name, events=EVENTS) for name in "abcdefgh"}


def holding(limits: JournalLimits | None = None) -> tuple[MemoryNode, HoldingArchive]:
    store = MemoryStore()
    archive = HoldingArchive(store)
    return MemoryNode(ROOMS, store=store, archive=archive, journal_limits=limits or JournalLimits()), archive


class Outcomes(dict[object, Outcome]):
    """What became of each of the data that were published."""

    def of(self, data: object) -> Callable[[GroupOutcome], None]:
        def settle(outcome: GroupOutcome) -> None:
            assert data not in self, "told twice"
            self[data] = of_one(outcome)

        return settle

    def kept(self) -> list[object]:
        """The data that were kept, in the order of their places; all of one room."""
        events = {outcome.seq: data for data, outcome in self.items() if isinstance(outcome, Event) and outcome.seq}
        return [events[seq] for seq in sorted(events)]


async def put(node: MemoryNode, room_id: str, outcomes: Outcomes, *all_data: object, name: str = "message") -> None:
    for data in all_data:
        room, history = await node.registry.open(room_id)
        draft = room.admit(name, data, sender="ada", epoch=history.epoch)
        await node.journal.put(DraftGroup.of(draft), outcomes.of(data))


async def open_all(node: MemoryNode, room_ids: str) -> None:
    """Let what is put into these rooms from here on, without a pause, be one batch."""
    for room_id in room_ids:
        await node.registry.open(room_id)


async def until(condition: Callable[[], object]) -> None:
    with fail_after(30):
        while not condition():
            await checkpoint()


async def test_other_rooms_go_on_while_one_is_locked_and_its_order_is_kept() -> None:
    node, archive = holding()
    outcomes = Outcomes()
    async with node.running():
        archive.hold("a")
        await put(node, "a", outcomes, 1, 2)
        await until(lambda: archive.waited)
        for number in range(10, 15):
            await put(node, "b", outcomes, number)
            await put(node, "a", outcomes, number - 7)
            await until(partial(outcomes.__contains__, number))
        assert [data for data in outcomes if isinstance(outcomes[data], Event)] == [10, 11, 12, 13, 14]
        archive.let_go("a")
        await until(lambda: len(outcomes) == 12)
        in_a = Outcomes({data: outcome for data, outcome in outcomes.items() if isinstance(data, int) and data < 10})
        assert in_a.kept() == [1, 2, 3, 4, 5, 6, 7]
        await put(node, "a", outcomes, 8)
        await until(lambda: 8 in outcomes)
    assert archive.batches[-1] == ["8"], "it is kept with all others again"


async def test_an_event_without_history_waits_behind_those_of_its_locked_room() -> None:
    node, archive = holding()
    outcomes = Outcomes()
    async with node.running():
        session = node.session()
        await node.join(session, "a")
        node.join.release(session, "a")
        archive.hold("a")
        await put(node, "a", outcomes, "kept")
        await put(node, "a", outcomes, "passing", name="typing")
        await until(lambda: archive.waited)
        await put(node, "a", outcomes, "late", name="typing")
        await put(node, "b", outcomes, "elsewhere")
        await until(lambda: "elsewhere" in outcomes)
        assert sent(session) == []
        archive.let_go("a")
        await until(lambda: len(outcomes) == 4)
        assert " ".join(sent(session)).split() == ["message:1", "typing:None", "typing:None"]


async def test_who_waits_for_a_locked_room_is_refused_at_its_own_deadline() -> None:
    node, archive = holding()
    outcomes = Outcomes()
    async with node.running():
        archive.hold("a")
        with deadline_at(monotonic() + 0.5):
            await put(node, "a", outcomes, "first")
        await until(lambda: archive.waited)
        with deadline_at(monotonic() + 0.6):
            await put(node, "a", outcomes, "second")
        await put(node, "a", outcomes, "patient")
        await until(lambda: len(outcomes) == 2)
        assert isinstance(outcomes["first"], Unavailable)
        assert isinstance(outcomes["second"], Unavailable)
        archive.let_go("a")
        await until(lambda: "patient" in outcomes)
        assert outcomes.kept() == ["patient"]


async def test_no_more_rooms_are_waited_for_at_a_time_than_there_are_lanes() -> None:
    node, archive = holding()
    outcomes = Outcomes()
    async with node.running():
        archive.hold(*"abcdefg")
        for room_id in "abcdefg":
            await put(node, room_id, outcomes, room_id)
        await until(lambda: archive.waiting_now == held_rooms.LANES)
        await put(node, "h", outcomes, "free")
        await until(lambda: "free" in outcomes)
        archive.let_go(*"abcdefg")
        await until(lambda: len(outcomes) == 8)
    assert archive.most_waiting == held_rooms.LANES


async def test_rooms_that_stay_locked_do_not_hold_up_one_that_is_locked_for_a_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without the lane of its own it would wait for a second."""
    monkeypatch.setattr(held_rooms, "FIRST_S", 0.01)
    monkeypatch.setattr(held_rooms, "AGAIN_S", 60.0)
    node, archive = holding()
    outcomes = Outcomes()
    async with node.running():
        archive.hold(*"abcdefg")
        for room_id in "abcdefg":
            await put(node, room_id, outcomes, room_id)
        await until(lambda: len(archive.waited) >= 7 + held_rooms.LANES - 1)
        archive.hold("h")
        await put(node, "h", outcomes, "soon")
        await until(lambda: archive.waited[-1] == ("h", ['"soon"']))
        archive.let_go("h")
        await until(lambda: "soon" in outcomes)
        archive.let_go(*"abcdefg")
        await until(lambda: len(outcomes) == 8)


async def test_a_locked_room_takes_half_of_the_places_and_no_more() -> None:
    node, archive = holding(JournalLimits(waiting_events=10))
    outcomes = Outcomes()
    async with node.running(), create_task_group() as tasks:
        archive.hold("a")
        await put(node, "a", outcomes, 0)
        await until(lambda: archive.waited)
        await put(node, "a", outcomes, 1, 2, 3, 4, 5)
        with deadline_at(monotonic() + 0.01), pytest.raises(Unavailable, match="overloaded"):
            await put(node, "a", outcomes, 6)
        await put(node, "b", outcomes, "free")
        await until(lambda: "free" in outcomes)
        tasks.start_soon(put, node, "a", outcomes, 7)
        archive.let_go("a")
        await until(lambda: 7 in outcomes)
        del outcomes["free"]
        assert outcomes.kept() == [0, 1, 2, 3, 4, 5, 7]


async def test_rooms_that_one_transaction_has_locked_are_waited_for_together_and_kept_in_one_batch() -> None:
    node, archive = holding()
    outcomes = Outcomes()
    async with node.running():
        await open_all(node, "abcde")
        archive.hold("a", "b", "c", by="a batch of another node")
        archive.hold("d", by="somebody else")
        archive.hold("e")
        for room_id in "abcde":
            await put(node, room_id, outcomes, room_id)
        await until(lambda: len(archive.waited) == 3)
        assert [rooms for rooms, _ in archive.waited] == ["a b c", "d", "e"]
        archive.let_go(*"abc")
        await until(lambda: len(outcomes) == 3)
        archive.let_go(*"de")
        await until(lambda: len(outcomes) == 5)
    assert len(archive.waited) == 3


async def test_a_room_that_was_not_got_together_with_others_is_waited_for_alone() -> None:
    """However often others are free, it gets its turn: in the queue of its own lock."""
    node, archive = holding()
    outcomes = Outcomes()
    async with node.running():
        await open_all(node, "ab")
        archive.hold("a", "b", by="a batch of another node")
        await put(node, "a", outcomes, "a")
        await put(node, "b", outcomes, "b")
        await until(lambda: archive.waited)
        archive.let_go("a")
        await until(lambda: "a" in outcomes)
        await put(node, "b", outcomes, "behind it")
        await until(lambda: len(archive.waited) == 2)
        assert archive.waited == [("a b", ['"a"', '"b"']), ("b", ['"b"'])]
        archive.let_go("b")
        await until(lambda: len(outcomes) == 3)
    del outcomes["a"]
    assert outcomes.kept() == ["b", "behind it"]


async def test_of_rooms_that_are_waited_for_together_none_stays_behind_another_ones_many_events() -> None:
    node, archive = holding(JournalLimits(batch_events=3))
    outcomes = Outcomes()
    async with node.running():
        await open_all(node, "ab")
        archive.hold("a", "b", by="a batch of another node")
        await put(node, "a", outcomes, 1)
        await put(node, "b", outcomes, "b")
        await put(node, "a", outcomes, 2, 3, 4)
        await until(lambda: archive.waited)
        archive.let_go("a", "b")
        await until(lambda: len(outcomes) == 5)
    assert archive.waited == [("a", ["1", "2", "3"]), ("a b", ['"b"', "4"])]


async def test_what_is_locked_in_the_middle_of_a_split_batch_overtakes_nothing_and_is_kept_once() -> None:
    """A spoiled batch is tried again in parts, and the room is locked after the first of them."""
    node, archive = holding()
    outcomes = Outcomes()
    append = archive._archive.append
    calls = 0

    async def spoiling(groups, applied, now_ms):  # type: ignore[no-untyped-def]
        nonlocal calls
        calls += 1
        if len(groups) == 4:
            raise SpoiledBatch("one of them")
        outcomes = await append(groups, applied, now_ms)
        if calls == 2:
            archive.hold("a")
        return outcomes

    archive._archive.append = spoiling  # type: ignore[method-assign]
    async with node.running():
        await put(node, "a", outcomes, 1, 2, 3, 4)
        await until(lambda: archive.waited)
        assert outcomes.kept() == [1, 2]
        archive.let_go("a")
        await until(lambda: len(outcomes) == 4)
    assert outcomes.kept() == [1, 2, 3, 4]


async def test_a_stop_waits_for_locked_rooms_until_the_deadlines_of_those_who_wait() -> None:
    node, archive = holding()
    outcomes = Outcomes()
    async with node.running():
        archive.hold("a")
        with deadline_at(monotonic() + 0.5):
            await put(node, "a", outcomes, 1)
        with fail_after(30):
            await node.node.stop()
    assert isinstance(outcomes[1], Unavailable)
