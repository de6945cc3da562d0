"""What runs beside the requests: the application's handlers, and the sweeper."""

from __future__ import annotations

import logging

import pytest
from anyio import Event as Signal
from anyio import create_task_group, fail_after, get_cancelled_exc_class
from anyio.lowlevel import checkpoint

from dialogue.adapters.memory.history_archive import MemoryHistoryArchive
from dialogue.adapters.memory.store import MemoryStore
from dialogue.adapters.threads.daemon_threads import DaemonThreads
from dialogue.application.feed import listeners
from dialogue.application.feed.listeners import Listeners
from dialogue.application.hooks.run_hook import RunHook
from dialogue.application.rooms.runtime_rooms import RuntimeRooms
from dialogue.application.rooms.sweeper import REMOVED_AT_ONCE, Sweeper
from dialogue.domain.errors import Unavailable
from dialogue.domain.event import Event
from dialogue.domain.event_definition import History, define_event
from dialogue.domain.ports.room_store import StoredRoom

from .node import MemoryNode

pytestmark = pytest.mark.anyio

MESSAGE = define_event("message", history=History(limit=3))


def event(place: int, name: str = "message") -> Event:
    return Event(room_id="room", name=name, payload=b"1", sender="ada", timestamp_ms=1, seq=place, event_seq=place)


def listening() -> Listeners:
    return Listeners(RunHook(DaemonThreads(4), timeout_s=5))


async def test_a_slow_handler_delays_only_itself() -> None:
    told = listening()
    gate, done = Signal(), Signal()
    slow: list[int | None] = []
    quick: list[int | None] = []

    async def wait(event: Event) -> None:
        await gate.wait()
        slow.append(event.seq)
        if event.seq == 3:
            done.set()

    async def take(event: Event) -> None:
        quick.append(event.seq)
        if event.seq == 3:
            gate.set()

    told.on("room", None, wait)
    told.on("room", "message", take)
    with fail_after(30):
        async with create_task_group() as tasks:
            tasks.start_soon(told.run)
            for place in (1, 2, 3):
                told.tell("room", [event(place)])
            told.tell("another", [event(4)])
            await done.wait()
            tasks.cancel_scope.cancel()
    assert slow == quick == [1, 2, 3]


async def test_a_handler_that_waits_for_what_was_cancelled_ends_neither_itself_nor_the_others() -> None:
    told = listening()
    done = Signal()
    heard: list[int | None] = []

    async def cancelled(event: Event) -> None:
        heard.append(event.seq)
        if event.seq == 1:
            raise get_cancelled_exc_class()
        done.set()

    async def other(event: Event) -> None:
        heard.append(event.seq)

    told.on("room", None, cancelled)
    told.on("room", None, other)
    with fail_after(30):
        async with create_task_group() as tasks:
            tasks.start_soon(told.run)
            told.tell("room", [event(1), event(2)])
            await done.wait()
            await told.finish()
    assert sorted(place or 0 for place in heard) == [1, 1, 2, 2]


async def test_a_handler_that_falls_too_far_behind_misses_some_and_the_log_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(listeners, "MAX_BACKLOG", 2)
    told = listening()
    heard: list[int | None] = []
    done = Signal()

    async def take(event: Event) -> None:
        heard.append(event.seq)
        if event.seq == 2:
            done.set()

    told.on("room", None, take)
    with caplog.at_level(logging.WARNING):
        told.tell("room", [event(1), event(2), event(3), event(4), event(5)])
    assert caplog.text.count("behind") == 2, "a line for each of them would be too many"
    with fail_after(30):
        async with create_task_group() as tasks:
            tasks.start_soon(told.run)
            await done.wait()
            tasks.cancel_scope.cancel()
    assert heard == [1, 2]


class SweptArchive(MemoryHistoryArchive):
    """Removes what it is told that there is, in bites."""

    def __init__(self, *amounts: int | Unavailable) -> None:
        super().__init__(MemoryStore())
        self._amounts = list(amounts)
        self.limits: list[int] = []
        self.idle = Signal()

    async def sweep(self, limit: int, now_ms: int) -> int:
        self.limits.append(limit)
        amount = self._amounts.pop(0) if self._amounts else 0
        if not self._amounts:
            self.idle.set()
        if isinstance(amount, Unavailable):
            raise amount
        return amount


async def test_it_sweeps_at_the_start_in_bites_until_nothing_is_left_and_again_when_woken(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Also after a time in which the archive could not be reached."""
    archive = SweptArchive(REMOVED_AT_ONCE, 3, 0)
    node = MemoryNode({}, archive=archive)
    sweeper = Sweeper(archive, node.registry, node.clock, node.turn, 60)
    with fail_after(30):
        async with create_task_group() as tasks:
            tasks.start_soon(sweeper.run)
            await archive.idle.wait()
            assert archive.limits == [REMOVED_AT_ONCE] * 3
            for outcome in (Unavailable("no disk"), 0):
                archive.idle = Signal()
                archive._amounts.append(outcome)
                sweeper.wake()
                await archive.idle.wait()
            tasks.cancel_scope.cancel()
    assert archive.limits == [REMOVED_AT_ONCE] * 5
    assert "no disk" in caplog.text


async def test_deleting_a_room_has_its_events_swept() -> None:
    node = MemoryNode({}, RuntimeRooms(events=[MESSAGE]))
    async with node.running():
        await node.manage.create(StoredRoom(id="club", name="Club"))
        for number in range(3):
            await node.publish("club", "message", number, sender="ada")
        await node.dialogue.delete_room("club")
        assert node.store.unswept["club"] == 3
        with fail_after(30):
            while node.store.unswept:
                await checkpoint()  # the sweeper has its turn
