"""What waits for one client: written through while that can be, bounded, in order, and closed with a reason."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from anyio import create_task_group, fail_after
from anyio.lowlevel import checkpoint

from dialogue.adapters.memory.transport import MemoryTransport
from dialogue.application.sessions import outbox as outbox_module
from dialogue.application.sessions.frame import COMPLETE, GOING_AWAY, GONE, TOO_SLOW, Frame
from dialogue.application.sessions.limits import Backlog
from dialogue.application.sessions.outbox import TURNS_OF_GRACE, Outbox

pytestmark = pytest.mark.anyio


def frame(size: int = 1, text: str = "x") -> Frame:
    return Frame(text.encode() * size)


def texts(transport: MemoryTransport) -> list[str]:
    return [each.text for each in transport.read()]


class Written:
    """An outbox with its writer at work."""

    def __init__(self, max_frames: int = 4, max_bytes: int = 100) -> None:
        self.transport = MemoryTransport()
        self.outbox = Outbox(self.transport, Backlog(max_frames=max_frames, max_bytes=max_bytes))
        self.has_left = False

    def leave(self) -> None:
        assert self.transport.closing in (None, GONE), "who is closed has left before"
        self.has_left = True

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Written]:
        with fail_after(30):
            async with create_task_group() as tasks:
                tasks.start_soon(self.outbox.run, self.leave)
                await checkpoint()
                yield self
                tasks.cancel_scope.cancel()


async def turns(count: int = TURNS_OF_GRACE + 2) -> None:
    for _ in range(count):
        await checkpoint()


async def test_a_frame_is_written_at_once_where_the_transport_takes_it() -> None:
    async with Written().running() as written:
        written.outbox.put(frame(text="a"))
        assert texts(written.transport) == ["a"]
        assert not written.outbox.is_behind


async def test_what_the_transport_does_not_take_waits_in_order_and_nothing_overtakes_it() -> None:
    async with Written().running() as written:
        written.transport.block()
        for text in "ab":
            written.outbox.put(frame(text=text))
        await turns()
        assert written.outbox.is_behind
        written.transport.unblock()
        written.outbox.put(frame(text="c"))
        assert texts(written.transport) == [], "c must not go before a and b"
        await turns()
        assert texts(written.transport) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("sizes", "is_too_slow"), [([1] * 4, False), ([1] * 5, True), ([50, 50], False), ([50, 51], True)]
)
async def test_more_than_the_allowed_frames_or_bytes_closes_a_client_that_does_not_read_as_too_slow(
    sizes: list[int], is_too_slow: bool
) -> None:
    async with Written().running() as written:
        written.transport.block()
        for size in sizes:
            written.outbox.put(frame(size))
        await turns()
        assert (written.transport.closing == TOO_SLOW) is is_too_slow
        assert written.has_left is is_too_slow


async def test_nobody_is_too_slow_in_the_turn_that_queued_nor_in_the_next() -> None:
    async with Written().running() as written:
        written.transport.block()
        for _ in range(50):
            written.outbox.put(frame())
        assert not written.outbox.is_closed
        for _ in range(TURNS_OF_GRACE):
            await checkpoint()
            assert not written.outbox.is_closed
        await turns()
        assert written.outbox.closing == TOO_SLOW


async def test_who_takes_what_waits_within_the_turns_of_grace_is_not_closed() -> None:
    async with Written().running() as written:
        written.transport.block()
        for number in range(50):
            written.outbox.put(frame(text=str(number)))
        await checkpoint()
        written.transport.unblock()
        await turns()
        assert texts(written.transport) == [str(number) for number in range(50)]
        assert not written.outbox.is_closed


async def test_the_check_finds_an_outbox_that_judges_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: without the turns of grace a client that reads is closed for one burst."""
    monkeypatch.setattr(outbox_module, "TURNS_OF_GRACE", 0)
    with pytest.RaisesGroup(AssertionError):
        await test_who_takes_what_waits_within_the_turns_of_grace_is_not_closed()


async def test_finishing_sends_what_waits_and_takes_nothing_more_and_the_first_reason_stands() -> None:
    async with Written().running() as written:
        written.transport.block()
        written.outbox.put(frame(text="a"))
        written.outbox.finish(GOING_AWAY)
        written.outbox.finish(TOO_SLOW)
        written.outbox.put(frame(text="late"))
        await turns()
        assert written.transport.closing is None
        written.transport.unblock()
        await turns()
        assert texts(written.transport) == ["a"]
        assert written.transport.closing == GOING_AWAY


async def test_finishing_waits_only_so_long_for_a_client_that_does_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module, "PATIENCE_S", 0.01)
    written = Written()
    written.transport.block()
    written.outbox.put(frame(text="a"))
    with fail_after(30):
        async with create_task_group() as tasks:
            tasks.start_soon(written.outbox.run, written.leave)
            await checkpoint()
            written.outbox.finish(GOING_AWAY)
    assert written.transport.closing == GOING_AWAY
    assert texts(written.transport) == []


async def test_a_last_frame_ends_its_session_behind_it() -> None:
    written = Written()
    with fail_after(30):
        async with create_task_group() as tasks:
            tasks.start_soon(written.outbox.run, written.leave)
            await checkpoint()
            written.outbox.put(Frame(b"bye", is_last=True))
            written.outbox.put(frame(text="late"))
    assert texts(written.transport) == ["bye"]
    assert written.transport.closing == COMPLETE


async def test_an_outbox_that_is_not_open_yet_writes_nothing_before_its_writer_runs() -> None:
    written = Written()
    written.outbox = Outbox(written.transport, Backlog(), is_open=False)
    written.outbox.put(frame(text="a"))
    assert texts(written.transport) == []
    async with written.running():
        await turns()
        assert texts(written.transport) == ["a"]


async def test_what_waits_for_a_client_that_is_gone_is_dropped_and_no_close_is_written() -> None:
    async with Written().running() as written:
        written.transport.block()
        written.outbox.put(frame())
        written.outbox.give_up()
        assert written.outbox.closing == GONE
        assert not written.outbox.is_behind


async def test_a_reader_waits_until_at_most_half_of_what_may_wait_does() -> None:
    relieved: list[bool] = []

    async def read(outbox: Outbox) -> None:
        await outbox.relief()
        relieved.append(True)

    async with Written().running() as written, create_task_group() as tasks:
        written.transport.block()
        for _ in range(3):
            written.outbox.put(frame())
        tasks.start_soon(read, written.outbox)
        await turns()
        assert not relieved
        written.transport.unblock()
        await turns()
        assert relieved


async def test_closing_relieves_a_reader_that_waits() -> None:
    async with Written(max_frames=2).running() as written, create_task_group() as tasks:
        written.transport.block()
        for _ in range(2):
            written.outbox.put(frame())
        tasks.start_soon(written.outbox.relief)
        await turns()
        written.outbox.finish(GOING_AWAY)
