"""A bus that is lost is run again, and said to be down meanwhile."""

from __future__ import annotations

import logging

import pytest
from anyio import Event as Signal
from anyio import create_task_group, fail_after, sleep_forever
from anyio.lowlevel import checkpoint

from dialogue.adapters.memory.storage import MemoryStorage
from dialogue.adapters.memory.store import MemoryStore
from dialogue.application.nodes import run_bus
from dialogue.application.nodes.notices import RoomMoved, UserRead, decoded, encoded, encoded_news, overhead, packed
from dialogue.application.nodes.run_bus import RunBus
from dialogue.application.ports.event_bus import BusDown, BusReceiver
from dialogue.application.readiness import Readiness

from .cluster import Client, Cluster

pytestmark = pytest.mark.anyio


class Flaky:
    """A bus that fails as often as it is told to."""

    is_heard = True
    max_size = 8_000

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.is_up = Signal()

    def publish(self, notice: bytes) -> None:
        """See `EventBus.publish`."""

    async def run(self, receiver: BusReceiver) -> None:
        """See `EventBus.run`."""
        if self.failures:
            raise self.failures.pop(0)
        receiver.connected()
        self.is_up.set()
        await sleep_forever()


class Heard:
    """Counts connections."""

    connections = 0

    def connected(self) -> None:
        """See `BusReceiver`."""
        self.connections += 1

    def receive(self, notice: bytes) -> None:
        """See `BusReceiver`."""


async def test_a_bus_that_is_down_is_said_once_and_heals(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(run_bus, "LEAST_PAUSE_S", 0.001)
    caplog.set_level(logging.WARNING, "dialogue.nodes")
    bus, heard = Flaky(BusDown("nobody listens"), RuntimeError("a fault"), BusDown("still nobody")), Heard()
    running = RunBus(bus, heard)
    async with create_task_group() as tasks:
        tasks.start_soon(running.run)
        with fail_after(30):
            await bus.is_up.wait()
        assert running.flaw is None
        tasks.cancel_scope.cancel()
    assert heard.connections == 1
    assert [record.message for record in caplog.records] == [
        "the bus is down, other nodes are polled: nobody listens",
        "the bus is up again",
    ]


STRANGE = (
    b"",
    b"{}",
    b"\xff",
    b'["a"]',
    b'["x",1,[["unheard of",1]]]',
    b'["x",2,[["moved","room"]]]',
    b"[" * 99,
)


async def test_notices_of_others_are_passed_over() -> None:
    async with Cluster(2).running() as (one, other):
        member = Client(other, "ada")
        await member.join()
        receiver = other.run_bus
        for notice in (
            b"",
            b"{}",
            b"\xff",
            b'["a"]',
            b'["x",1,[["unheard of",1]]]',
            b'["x",2,[["moved","room"]]]',
            b"[" * 9,
        ):
            receiver.receive(notice)
        await one.publish("room", "message", 1, sender="eve")
        await member.until(lambda: member.seqs() == [1])


def test_news_is_packed_into_notices_that_fit() -> None:
    news = [encoded_news(RoomMoved(f"room-{number}" + "é" * 20, "e", number)) for number in range(50)]
    news.insert(3, encoded_news(UserRead("u" * 2_000, "room", 1, 1)))
    room = 500 - overhead("origin")
    notices = [encoded("origin", number, pack) for number, pack in enumerate(packed(news, room))]
    assert len(notices) > 5
    assert all(len(notice) <= 500 and b"\0" not in notice for notice in notices)
    told = [each for notice in notices for each in decoded(notice) or ()]
    assert told == [RoomMoved(f"room-{number}" + "é" * 20, "e", number) for number in range(50)]


def test_a_kind_of_news_that_is_not_known_yet_is_passed_over() -> None:
    known = encoded_news(RoomMoved("room", "e", 1))
    found = decoded(b'["origin",1,[["later",{"a":1}],' + known + b"]]")
    assert found is not None
    assert [*found] == [RoomMoved("room", "e", 1)]


async def test_readiness_says_that_the_bus_is_down_and_is_ready_all_the_same() -> None:
    storage = MemoryStorage(MemoryStore())
    bus = Flaky(BusDown("nobody listens"))
    lost = RunBus(bus, Heard())
    readiness = Readiness(storage, storage.source, 1.0, lost)
    async with create_task_group() as tasks:
        tasks.start_soon(lost.run)
        with fail_after(30):
            while readiness.bus_flaw != "nobody listens":
                await checkpoint()
            readiness.ensure_ready()
            await bus.is_up.wait()
        assert readiness.bus_flaw is None
        tasks.cancel_scope.cancel()
