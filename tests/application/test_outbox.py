"""What waits for one client: bounded, in order, and closed with a reason."""

from __future__ import annotations

import pytest
from anyio import create_task_group, fail_after
from anyio.lowlevel import checkpoint

from dialogue.application.sessions.frame import GOING_AWAY, TOO_SLOW, Closing, Frame
from dialogue.application.sessions.outbox import Outbox

pytestmark = pytest.mark.anyio


def frame(size: int = 1, text: str = "x") -> Frame:
    return Frame(text.encode() * size)


@pytest.mark.parametrize(
    ("sizes", "is_too_slow"), [([1] * 4, False), ([1] * 5, True), ([50, 50], False), ([50, 51], True)]
)
async def test_more_than_the_allowed_frames_or_bytes_closes_a_client_as_too_slow(
    sizes: list[int], is_too_slow: bool
) -> None:
    outbox = Outbox(max_frames=4, max_bytes=100)
    for size in sizes:
        outbox.put(frame(size))
    assert (outbox.closing == TOO_SLOW) is is_too_slow
    assert isinstance(await outbox.next(), Closing if is_too_slow else Frame)


async def test_the_frame_that_is_being_sent_does_not_count() -> None:
    outbox = Outbox(max_frames=1, max_bytes=100)
    outbox.put(frame(90))
    await outbox.next()
    outbox.put(frame(90))
    assert not outbox.is_closed


async def test_finishing_sends_what_waits_and_takes_nothing_more_and_the_first_reason_stands() -> None:
    outbox = Outbox(max_frames=4, max_bytes=100)
    outbox.put(frame(text="a"))
    outbox.finish(GOING_AWAY)
    outbox.finish(TOO_SLOW)
    outbox.put(frame(text="late"))
    assert await outbox.next() == frame(text="a")
    assert await outbox.next() == GOING_AWAY
    assert await outbox.next() == GOING_AWAY


async def test_the_writer_waits_for_the_next_frame_and_the_reader_for_relief() -> None:
    outbox = Outbox(max_frames=4, max_bytes=1_000)
    taken: list[Frame | Closing] = []
    relieved: list[bool] = []

    async def write() -> None:
        taken.append(await outbox.next())

    async def read() -> None:
        await outbox.relief()
        relieved.append(True)

    with fail_after(5):
        async with create_task_group() as tasks:
            tasks.start_soon(write)
            await checkpoint()
            outbox.put(frame(text="woke"))
        for _ in range(3):
            outbox.put(frame())
        async with create_task_group() as tasks:
            tasks.start_soon(read)
            await checkpoint()
            assert not relieved
            await outbox.next()
    assert taken == [frame(text="woke")]
    assert relieved


async def test_closing_relieves_a_reader_that_waits() -> None:
    outbox = Outbox(max_frames=2, max_bytes=1_000)
    for _ in range(2):
        outbox.put(frame())
    with fail_after(5):
        async with create_task_group() as tasks:
            tasks.start_soon(outbox.relief)
            await checkpoint()
            outbox.finish(GOING_AWAY)
