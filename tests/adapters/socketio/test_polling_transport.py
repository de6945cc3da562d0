"""Polling as a transport: what it takes, when it refuses, and how it ends."""

from __future__ import annotations

import pytest
from anyio import create_task_group, fail_after
from anyio.lowlevel import checkpoint

from dialogue.adapters.socketio import polling_transport
from dialogue.adapters.socketio.polling_transport import HIGH_WATER, PollingTransport
from dialogue.application.sessions.frame import Frame

pytestmark = pytest.mark.anyio


async def test_a_poll_gets_all_that_was_taken_in_order() -> None:
    polling = PollingTransport()
    for number in range(3):
        assert polling.write(Frame(b"4%d" % number))
    assert await polling.poll() == b"40\x1e41\x1e42"


async def test_a_poll_waits_for_something() -> None:
    polling = PollingTransport()
    got: list[bytes] = []

    async def poll() -> None:
        got.append(await polling.poll())

    async with create_task_group() as tasks:
        tasks.start_soon(poll)
        for _ in range(5):
            await checkpoint()
        assert got == []
        polling.write(Frame(b"4"))
    assert got == [b"4"]


async def test_it_refuses_what_is_too_much_until_the_next_poll_and_says_when_that_is() -> None:
    polling = PollingTransport()
    assert polling.write(Frame(b"x" * HIGH_WATER))
    assert not polling.write(Frame(b"y"))
    async with create_task_group() as tasks:
        tasks.start_soon(polling.poll)
        with fail_after(30):
            await polling.drained()
    assert polling.write(Frame(b"y"))
    with fail_after(30):
        await polling.drained()


async def test_a_close_comes_behind_what_was_taken_and_by_itself() -> None:
    polling = PollingTransport()
    polling.write(Frame(b"42"))
    polling.close(1001, "going")
    assert polling.write(Frame(b"dropped"))
    async with create_task_group() as tasks:
        tasks.start_soon(polling.drained)
        assert [await polling.poll(), await polling.poll()] == [b"42", b"1"]


async def test_a_client_that_does_not_come_for_its_close_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling_transport, "CLOSE_PATIENCE_S", 0.01)
    polling = PollingTransport()
    polling.write(Frame(b"42"))
    polling.close(1001, "going")
    with fail_after(30):
        await polling.drained()
    assert await polling.poll() == b"1"


async def test_an_abort_ends_a_poll_at_once_and_what_comes_then_is_dropped() -> None:
    polling = PollingTransport()
    async with create_task_group() as tasks:
        tasks.start_soon(polling.poll)
        await checkpoint()
        polling.abort()
    assert polling.write(Frame(b"x" * HIGH_WATER))
    assert polling.write(Frame(b"x"))
    with fail_after(30):
        await polling.drained()


async def test_in_a_hurry_a_poll_is_answered_with_nothing() -> None:
    polling = PollingTransport()
    polling.hurry()
    assert await polling.poll() == b"6"
