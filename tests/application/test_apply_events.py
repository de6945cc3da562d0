"""How what was kept becomes visible: by seq, without gaps, whatever fails on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from anyio import Event as Signal
from anyio import create_task_group, fail_after
from anyio.lowlevel import checkpoint

from dialogue.adapters.memory.history_archive import MemoryHistoryArchive
from dialogue.adapters.memory.history_source import MemoryHistorySource
from dialogue.adapters.memory.store import MemoryStore
from dialogue.adapters.memory.transport import MemoryTransport
from dialogue.application.feed.apply_events import ApplyEvents
from dialogue.application.ports.authenticator import Identity
from dialogue.application.sessions.frame import SERVER_FAULT, Frame
from dialogue.application.sessions.limits import Backlog
from dialogue.application.sessions.outbox import Outbox
from dialogue.application.sessions.session import Session
from dialogue.domain.draft import Draft
from dialogue.domain.draft_group import DraftGroup
from dialogue.domain.errors import PositionUnknown, Unavailable
from dialogue.domain.event import Event
from dialogue.domain.event_definition import History, define_event
from dialogue.domain.outcome import GroupOutcome, OutcomeUnknown
from dialogue.domain.page import After, PageLimit, PageRequest
from dialogue.domain.ports.history_archive import SpoiledBatch
from dialogue.domain.position import Applied, Position
from dialogue.domain.room import RoomConfig

from .node import MemoryNode, ReadableCodec, sent

pytestmark = pytest.mark.anyio

EVENTS = [define_event("message", history=History(limit=5)), define_event("typing")]
ROOMS = {name: RoomConfig(name=name, events=EVENTS) for name in ("a", "b")}


class ForgetfulArchive(MemoryHistoryArchive):
    """Keeps a batch that holds one of `unanswered`, and does not say so; refuses two of `crowds` in one batch."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__(store)
        self.unanswered: set[bytes] = set()
        self.is_small = False
        self.gate: Signal | None = None
        self.answers: Signal | None = None

    async def append(
        self, groups: Sequence[DraftGroup], applied: Mapping[str, Applied], now_ms: int
    ) -> list[GroupOutcome]:
        if self.gate is not None:
            await self.gate.wait()
        if self.is_small and len(groups) > 1:
            raise SpoiledBatch("too many at once")
        outcomes = await super().append(groups, applied, now_ms)
        if self.answers is not None and b"2" in {draft.payload for group in groups for draft in group.drafts}:
            await self.answers.wait()
        if self.unanswered & {draft.payload for group in groups for draft in group.drafts}:
            raise RuntimeError("the answer was lost")
        return outcomes


class FailingSource(MemoryHistorySource):
    """Fails as the test says, where it is asked for what is new in room a."""

    failure: Exception | None = None
    gate: Signal | None = None
    reads = 0

    async def newer(self, room_id: str, names: Sequence[str] | None, after: int, limit: PageLimit) -> list[Event]:
        self.reads += 1
        if self.gate is not None and room_id == "a":
            await self.gate.wait()
        if self.failure is not None and room_id == "a":
            raise self.failure
        return await super().newer(room_id, names, after, limit)


class Rig:
    """A node over the archive and the source above."""

    def __init__(self, apply: type[ApplyEvents] = ApplyEvents, patience_s: float = 5.0) -> None:
        self.store = MemoryStore()
        self.archive = ForgetfulArchive(self.store)
        self.source = FailingSource(self.store)
        self.node = MemoryNode(ROOMS, store=self.store, archive=self.archive, source=self.source)
        self.node.apply._patience_s = patience_s
        self.outcomes: list[GroupOutcome] = []

    async def member(self, name: str, room_id: str = "a", codec: ReadableCodec | None = None) -> Session:
        session = self.node.session(name)
        if codec is not None:
            self.node.hub.disconnect(session)
            session = Session(
                session_id=name,
                identity=Identity(user_id=name),
                codec=codec,
                outbox=Outbox(MemoryTransport(), Backlog()),
            )
            self.node.hub.connect(session)
        await self.node.join(session, room_id)
        self.node.join.release(session, room_id)
        return session

    async def put(self, data: object, room_id: str = "a", name: str = "message") -> None:
        room, history = await self.node.registry.open(room_id)
        draft = room.admit(name, data, sender="ada", epoch=history.epoch)
        await self.node.journal.put(DraftGroup.of(draft), self.outcomes.append)

    async def reach(self, count: int) -> list[GroupOutcome]:
        with fail_after(30):
            while len(self.outcomes) < count:
                await checkpoint()
        return self.outcomes

    async def keep_elsewhere(self, *data: object, room_id: str = "a", name: str = "message") -> None:
        """What another node would have kept."""
        epoch = (await self.archive.open(room_id)).epoch
        drafts = [
            Draft(room_id=room_id, epoch=epoch, name=name, payload=b'"%s"' % str(each).encode(), sender="eve")
            for each in data
        ]
        await MemoryHistoryArchive(self.store).append([DraftGroup.of(*drafts)], {}, 2_000)


async def closed(session: Session) -> bool:
    """Whether the session was told to come back, after what it had still to be sent."""
    return session.outbox.closing == SERVER_FAULT


async def seen(session: Session) -> list[str]:
    """What the session was sent."""
    return [word for frame in sent(session) for word in frame.split()]


async def test_a_split_batch_with_an_unknown_outcome_in_its_middle_leaves_no_hole_in_what_is_seen() -> None:
    rig = Rig()
    async with rig.node.running():
        member = await rig.member("ada")
        rig.archive.gate, rig.archive.is_small = Signal(), True
        rig.archive.unanswered = {b"4"}
        for number in range(1, 6):
            await rig.put(number)
        rig.archive.gate.set()
        await rig.reach(5)
        assert await seen(member) == [f"message:{seq}" for seq in range(1, 6)]
    assert [isinstance(outcome, OutcomeUnknown) for outcome in rig.outcomes] == [False, False, False, True, False]


async def test_what_was_kept_without_an_answer_is_seen_without_waiting_for_the_next() -> None:
    rig = Rig()
    async with rig.node.running():
        member = await rig.member("ada")
        rig.archive.unanswered = {b"2"}
        await rig.put(1)
        await rig.put(2)
        await rig.reach(2)
        assert await seen(member) == ["message:1", "message:2"]
        _, history = await rig.node.registry.open("a")
        assert history.head == 2


async def test_a_publisher_is_answered_in_the_step_in_which_the_event_becomes_visible() -> None:
    """Also behind a gap: neither before, nor after."""
    rig = Rig()
    async with rig.node.running():
        member = await rig.member("ada")
        rig.source.gate = Signal()
        await rig.keep_elsewhere("unseen")
        at_answer: list[tuple[int, list[str]]] = []
        room, history = await rig.node.registry.open("a")
        draft = room.admit("message", "mine", sender="ada", epoch=history.epoch)

        def settle(_: GroupOutcome) -> None:
            at_answer.append((history.head, sent(member)))

        await rig.node.journal.put(DraftGroup.of(draft), settle)
        with fail_after(30):
            while not rig.source.reads:
                await checkpoint()
        assert at_answer == []
        rig.source.gate.set()
        with fail_after(30):
            while not at_answer:
                await checkpoint()
        assert at_answer == [(2, ["message:1 message:2"])]


async def test_a_gap_is_filled_beside_the_commits() -> None:
    rig = Rig(patience_s=2.0)
    async with rig.node.running():
        member = await rig.member("ada")
        rig.source.gate = Signal()
        await rig.keep_elsewhere("unseen")
        await rig.put("behind the gap")
        with fail_after(30):
            while not rig.source.reads:
                await checkpoint()
        await rig.put("elsewhere", "b")
        await rig.put("behind it, too")
        elsewhere = (await rig.reach(1))[0]
        assert len(rig.outcomes) == 1, "the gap held up what lies elsewhere"
        assert isinstance(elsewhere, tuple)
        assert elsewhere[0].room_id == "b"
        assert await seen(member) == []
        rig.source.gate.set()
        await rig.reach(3)
        assert await seen(member) == ["message:1", "message:2", "message:3"]


@pytest.mark.parametrize("failure", [Unavailable, ValueError])
async def test_where_a_gap_cannot_be_filled_the_rooms_members_come_back_and_all_others_go_on(
    failure: type[Exception],
) -> None:
    rig = Rig(patience_s=0.3)
    async with rig.node.running():
        member, other = await rig.member("ada"), await rig.member("bob", "b")
        rig.source.failure = failure("gone")
        await rig.keep_elsewhere("unseen")
        await rig.put("behind the gap")
        await rig.put("elsewhere", "b")
        await rig.reach(2)
        assert all(isinstance(outcome, tuple) for outcome in rig.outcomes)
        assert await closed(member)
        assert await seen(member) == [], "a member saw what lies behind the gap"
        assert not await closed(other)
        assert await seen(other) == ["message:1"]
        rig.node.hub.disconnect(member)
        rig.source.failure = None
        again = rig.node.session("ada")
        _, history = await rig.node.registry.open("a")
        joined = await rig.node.join(again, "a", since=Position(epoch=history.epoch, seq=0))
        assert joined.recovered
        assert [event.data for event in joined.history] == ["behind the gap", "unseen"]
        await rig.put("after")
        await rig.reach(3)
        rig.node.join.release(again, "a")
        assert await seen(again) == ["message:3"]


async def test_a_stop_ends_whatever_fails() -> None:
    rig = Rig(patience_s=0.3)
    with fail_after(60):
        async with rig.node.running():
            rig.source.failure = ValueError("a fault of the source")
            await rig.node.registry.open("a")
            await rig.keep_elsewhere("unseen")
            await rig.put("behind the gap")
    assert len(rig.outcomes) == 1


class BrokenCodec(ReadableCodec):
    """Cannot encode what the test says."""

    def events(self, room_id: str, events: Sequence[Event]) -> list[Frame]:
        if any(event.data == "odd" for event in events):
            raise ValueError("a fault of the codec")
        return super().events(room_id, events)


async def test_one_codec_that_fails_sends_back_those_alone_whom_it_serves() -> None:
    rig = Rig()
    async with rig.node.running():
        first, broken, last = [
            await rig.member("ada"),
            await rig.member("bob", codec=BrokenCodec()),
            await rig.member("cleo"),
        ]
        await rig.put("odd")
        await rig.put("even")
        await rig.reach(2)
        assert all(isinstance(outcome, tuple) for outcome in rig.outcomes)
        for member in (first, last):
            assert await seen(member) == ["message:1", "message:2"]
        assert await closed(broken)
        assert await seen(broken) == []


async def test_handlers_that_cannot_be_told_take_nothing_from_the_members(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig()

    def tell(*_: object) -> None:
        called.append(1)
        raise ValueError("a fault of the listeners")

    called: list[int] = []
    rig.node.listeners.on("a", None, print)
    monkeypatch.setattr(rig.node.listeners, "tell", tell)
    async with rig.node.running():
        member = await rig.member("ada")
        await rig.put(1)
        await rig.reach(1)
        assert isinstance(rig.outcomes[0], tuple)
        assert await seen(member) == ["message:1"]
        assert not await closed(member)
        assert called


async def test_a_room_that_cannot_take_events_up_sends_its_members_back_and_reads_itself_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rig = Rig()
    async with rig.node.running():
        member = await rig.member("ada")
        _, history = await rig.node.registry.open("a")

        def apply(*_: object) -> None:
            raise KeyError("a fault of ours")

        monkeypatch.setattr(history, "apply", apply)
        await rig.put(1)
        await rig.put(2, "b")
        await rig.reach(2)
        assert all(isinstance(outcome, tuple) for outcome in rig.outcomes)
        assert await closed(member)
        page = await rig.node.pages(PageRequest(room_id="a"))
        assert [event.data for event in page.events] == [1]


async def test_a_history_that_went_back_is_a_new_life_to_which_everybody_comes_back() -> None:
    rig = Rig()
    async with rig.node.running():
        member, other = await rig.member("ada"), await rig.member("bob", "b")
        for number in (1, 2):
            await rig.put(number)
        await rig.reach(2)
        before = (await rig.node.registry.open("a"))[1].position
        room = rig.store.rooms["a"]
        for run in (room.all, room.streams["message"]):
            run.events.pop()
            run.head -= 1
        await rig.put("lost")
        await rig.put("elsewhere", "b")
        lost, elsewhere = (await rig.reach(4))[2:]
        assert isinstance(lost, Unavailable)
        assert isinstance(elsewhere, tuple)
        assert await closed(member)
        assert not await closed(other)
        rig.node.hub.disconnect(member)
        joined = await rig.node.join(rig.node.session("ada"), "a", since=before)
        assert joined.recovered is False
        assert joined.position.epoch != before.epoch
        assert [event.data for event in joined.history] == [1]
        await rig.put("new")
        [event] = (await rig.reach(5))[4:]
        assert isinstance(event, tuple)
        assert event[0].seq == 2


async def test_a_storage_that_knows_nothing_of_the_rooms_life_is_no_deleted_room() -> None:
    """Its file was replaced: publishing is unavailable, and then goes on in the life that is there."""
    rig = Rig()
    async with rig.node.running():
        member = await rig.member("ada")
        await rig.put(1)
        await rig.reach(1)
        del rig.store.rooms["a"]
        await rig.put("lost")
        assert isinstance((await rig.reach(2))[1], Unavailable)
        assert await closed(member)
        await rig.put("new")
        assert isinstance((await rig.reach(3))[2], tuple)


async def test_a_draft_of_a_life_that_is_over_is_no_trouble_of_the_storage() -> None:
    rig = Rig()
    async with rig.node.running():
        _, history = await rig.node.registry.open("a")
        rig.archive.gate = Signal()
        await rig.put("late")
        history.is_ended = True
        rig.store.rooms["a"].end()
        rig.archive.gate.set()
        outcome = (await rig.reach(1))[0]
        assert isinstance(outcome, Unavailable)
        assert "begun anew" in str(outcome)


async def test_a_request_that_names_more_than_was_applied_makes_the_node_look_first() -> None:
    rig = Rig()
    async with rig.node.running():
        member = await rig.member("ada")
        await rig.keep_elsewhere(1, 2, 3)
        page = await rig.node.pages(PageRequest(room_id="a", form=After(2)))
        assert [event.seq for event in page.events] == [3]
        assert await seen(member) == ["message:1", "message:2", "message:3"], "a page ran ahead of the live stream"
        await rig.keep_elsewhere(4)
        assert (await rig.node.mark_read(member, "a", 4)).unread == 0
        await rig.keep_elsewhere(5, 6)
        epoch = (await rig.node.registry.open("a"))[1].epoch
        joined = await rig.node.join(rig.node.session("bob"), "a", since=Position(epoch=epoch, seq=5))
        assert joined.recovered
        assert [event.seq for event in joined.history] == [6]
        for form in (After(99),):
            with pytest.raises(PositionUnknown):
                await rig.node.pages(PageRequest(room_id="a", form=form))
        with pytest.raises(PositionUnknown):
            await rig.node.mark_read(member, "a", 99)


async def test_who_asks_for_what_cannot_be_looked_at_is_told_so_and_nobody_else_is_harmed() -> None:
    rig = Rig(patience_s=0.3)
    async with rig.node.running():
        member = await rig.member("ada")
        rig.source.failure = Unavailable("gone")
        with pytest.raises(Unavailable):
            await rig.node.pages(PageRequest(room_id="a", form=After(7)))
        assert not await closed(member)


async def test_many_who_ask_at_once_cost_few_reads() -> None:
    rig = Rig()
    async with rig.node.running(), create_task_group() as tasks:
        await rig.node.registry.open("a")
        rig.source.gate = Signal()
        for _ in range(50):
            tasks.start_soon(rig.node.apply.look, "a")
        with fail_after(30):
            while not rig.source.reads:
                await checkpoint()
        rig.source.gate.set()
    assert rig.source.reads <= 2


async def look_while_a_commit_is_being_answered(rig: Rig) -> list[str]:
    """Somebody makes the node look when an event is kept, and one without history goes before it: what is seen."""
    async with rig.node.running(), create_task_group() as tasks:
        member = await rig.member("ada")
        rig.archive.gate = Signal()
        await rig.put(1)
        with fail_after(30):
            while rig.node.journal._queue.is_waiting:
                await checkpoint()
        await rig.put("before 2", name="typing")
        await rig.put(2)
        rig.archive.answers = Signal()
        rig.archive.gate.set()
        with fail_after(30):
            while (await rig.archive.open("a")).head < 2:
                await checkpoint()
        tasks.start_soon(rig.node.apply.look, "a")
        with fail_after(30):
            while not rig.source.reads:
                await checkpoint()
        for _ in range(20):
            await checkpoint()
        rig.archive.answers.set()
        await rig.reach(3)
    return await seen(member)


async def test_what_a_commit_kept_is_not_seen_before_what_was_published_ahead_of_it() -> None:
    assert await look_while_a_commit_is_being_answered(Rig()) == ["message:1", "typing:None", "message:2"]


async def test_without_waiting_for_the_commit_it_would_be_seen_before() -> None:
    rig = Rig()
    rig.node.apply._landing = None
    assert await look_while_a_commit_is_being_answered(rig) == ["message:1", "message:2", "typing:None"]


async def test_names_that_this_node_does_not_define_take_their_places_and_harm_nothing() -> None:
    """Another node runs the next version of the application."""
    rig = Rig()
    heard: list[str] = []
    rig.node.listeners.on("a", None, lambda event: heard.append(event.name))
    async with rig.node.running():
        member = await rig.member("ada")
        await rig.put(1)
        await rig.reach(1)
        await rig.keep_elsewhere("new", "newer", name="of the next version")
        await rig.put(2)
        await rig.reach(2)
        assert await seen(member) == ["message:1", "message:4"]
        page = await rig.node.pages(PageRequest(room_id="a"))
        assert [event.seq for event in page.events] == [4, 1]
    assert heard == ["message", "message"]


async def test_events_without_history_of_one_turn_travel_in_one_frame() -> None:
    rig = Rig()
    async with rig.node.running():
        member = await rig.member("bob")
        for number in range(600):
            await rig.put(number, name="typing")
        await rig.reach(600)
        frames = sent(member)
        assert len(frames) <= 2
        assert sum(len(frame.split()) for frame in frames) == 600


async def test_an_event_without_history_never_overtakes_what_its_sender_sent_before() -> None:
    rig = Rig()
    async with rig.node.running():
        member = await rig.member("bob")
        for name in ("typing", "message", "typing", "message", "typing"):
            await rig.put(0, name=name)
        await rig.reach(5)
        assert await seen(member) == ["typing:None", "message:1", "typing:None", "message:2", "typing:None"]


async def test_time_never_runs_backwards_in_a_room_over_events_with_and_without_history() -> None:
    """Whatever the clock says; and a clock that was ahead in one room holds no other back."""
    rig = Rig()
    async with rig.node.running():
        for name, jump_ms in (("message", 0), ("typing", 3_600_000), ("message", -3_600_000), ("typing", 5)):
            rig.node.clock.now += jump_ms
            await rig.put(0, name=name)
            await rig.reach(len(rig.outcomes) + 1)
        await rig.put(0, "b")
        await rig.reach(5)
        for _ in range(2):
            rig.node.idle_rooms.close()
        assert rig.node.registry.opened("a") is None
        await rig.put(0, name="typing")
        await rig.reach(6)
    times = [outcome[0].timestamp_ms for outcome in rig.outcomes if isinstance(outcome, tuple)]
    assert times == [1_000, 3_601_000, 3_601_000, 3_601_000, 1_005, 3_601_000]
