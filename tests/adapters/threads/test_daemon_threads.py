"""Threads for functions that block: how many there are, and what becomes of those that nobody waits for any more."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from anyio import create_task_group, fail_after, move_on_after
from anyio.lowlevel import checkpoint

from dialogue.adapters.threads import daemon_threads
from dialogue.adapters.threads.daemon_threads import DaemonThreads

pytestmark = pytest.mark.anyio

PATIENCE_S = 30.0


@contextmanager
def opened_at_the_end(gate: threading.Event) -> Iterator[None]:
    """Whatever happens, no thread stays behind that waits for `gate`."""
    try:
        yield
    finally:
        gate.set()


async def test_it_gives_what_the_function_gives_and_raises_what_it_raises() -> None:
    threads = DaemonThreads(2)
    running = await threads.start(lambda: 5)
    assert [await running.result(), await running.result()] == [5, 5]
    with pytest.raises(ZeroDivisionError):
        await (await threads.start(lambda: 1 // 0)).result()


async def test_a_function_that_wants_to_end_the_process_only_fails() -> None:
    with pytest.raises(RuntimeError, match="SystemExit"):
        await (await DaemonThreads(1).start(sys.exit)).result()


async def test_the_threads_are_daemons_and_none_of_them_is_the_loops() -> None:
    running = await DaemonThreads(1).start(threading.current_thread)
    thread = await running.result()
    assert thread.daemon
    assert thread is not threading.current_thread()


async def test_a_place_is_free_when_the_function_has_ended_not_when_nobody_waits_for_it_any_more() -> None:
    gate = threading.Event()
    threads = DaemonThreads(1)
    with opened_at_the_end(gate), fail_after(PATIENCE_S):
        first = await threads.start(gate.wait)
        with move_on_after(0.01):
            await first.result()
        assert not first.has_ended
        with move_on_after(0.01) as scope:
            await threads.start(lambda: None)
        assert scope.cancelled_caught, "two functions ran in one place"
        gate.set()
        await (await threads.start(lambda: None)).result()
        assert first.has_ended


async def test_no_more_run_at_once_than_may_and_all_have_their_turn() -> None:
    threads = DaemonThreads(3)
    inside = 0
    most = 0
    lock = threading.Lock()

    def count() -> None:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        with lock:
            inside -= 1

    async def run() -> None:
        await (await threads.start(count)).result()

    with fail_after(PATIENCE_S):
        async with create_task_group() as tasks:
            for _ in range(100):
                tasks.start_soon(run)
    assert 1 <= most <= 3


async def test_threads_that_have_nothing_to_do_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon_threads, "IDLE_S", 0.01)
    thread = await (await DaemonThreads(1).start(threading.current_thread)).result()
    with fail_after(PATIENCE_S):
        while thread.is_alive():
            await checkpoint()


async def test_one_owner_alone_never_takes_all_places() -> None:
    gate = threading.Event()
    threads = DaemonThreads(8)
    with opened_at_the_end(gate), fail_after(PATIENCE_S):
        running = [await threads.start(gate.wait, "eve") for _ in range(2)]
        with move_on_after(0.01) as scope:
            await threads.start(gate.wait, "eve")
        assert scope.cancelled_caught, "eve has more than a quarter of them"
        assert await (await threads.start(lambda: 5, "ada")).result() == 5
        assert await (await threads.start(lambda: 6)).result() == 6
        gate.set()
        assert await (await threads.start(lambda: 7, "eve")).result() == 7
        for each in running:
            await each.ended()
    assert threads._owners == {}, "whoever has nothing to do is forgotten"
