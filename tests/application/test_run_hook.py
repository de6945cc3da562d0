"""The one way in which the application's own code is called."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial

import pytest
from anyio import Event as Signal
from anyio import create_task_group, fail_after, get_cancelled_exc_class, move_on_after, sleep_forever
from anyio.lowlevel import checkpoint

from dialogue.adapters.threads.daemon_threads import DaemonThreads
from dialogue.application.hooks import run_hook
from dialogue.application.hooks.run_hook import Call, HookCancelled, RunHook, Turn

pytestmark = pytest.mark.anyio

PATIENCE_S = 30.0
SOON_S = 0.02


def call(function: object, *arguments: object) -> Call:
    assert callable(function)
    return Call(function, arguments, "the hook")


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What functions in threads wait for; it is opened at the end."""
    gate = threading.Event()
    yield gate
    gate.set()


def running(timeout_s: float = PATIENCE_S, threads: int = 4) -> RunHook:
    return RunHook(DaemonThreads(threads), timeout_s)


async def doubled(number: int) -> int:
    await checkpoint()
    return 2 * number


class Doubling:
    """Callable, and async."""

    async def __call__(self, number: int) -> int:
        return 2 * number


@pytest.mark.parametrize(
    "function",
    [doubled, lambda number: 2 * number, lambda number: doubled(number), partial(doubled), Doubling()],
    ids=["async", "sync", "sync that gives an awaitable", "partial", "callable"],
)
async def test_a_function_of_any_kind_is_run_to_its_end(function: object) -> None:
    assert await running()(call(function, 4)) == 8
    assert await running().to_its_end(call(function, 4)) == 8


async def test_async_functions_run_in_the_loops_thread_and_others_do_not() -> None:
    async def here() -> int:
        return threading.get_ident()

    assert await running()(call(here)) == threading.get_ident()
    assert await running()(call(threading.get_ident)) != threading.get_ident()


async def test_a_function_that_blocks_holds_up_nobody_but_its_caller(gate: threading.Event) -> None:
    """The loop runs on: it is this test, in the loop, that lets the function end."""
    done = Signal()

    async def wait() -> None:
        await running()(call(gate.wait))
        done.set()

    with fail_after(PATIENCE_S):
        async with create_task_group() as tasks:
            tasks.start_soon(wait)
            for _ in range(100):
                await checkpoint()
            assert not done.is_set()
            gate.set()
            await done.wait()


async def test_what_takes_too_long_has_failed_async_or_not(gate: threading.Event) -> None:
    with fail_after(PATIENCE_S):
        for function in (sleep_forever, gate.wait, lambda: sleep_forever()):
            with pytest.raises(TimeoutError, match="the hook took longer than"):
                await running(SOON_S)(call(function))


async def test_the_wait_for_a_thread_counts_too(gate: threading.Event) -> None:
    run = running(SOON_S, threads=1)
    for _ in range(2):
        with fail_after(PATIENCE_S), pytest.raises(TimeoutError):
            await run(call(gate.wait))


async def test_a_turn_waits_for_the_end_of_the_call_before_it_whose_caller_was_freed(gate: threading.Event) -> None:
    turn = Turn()
    run = running(SOON_S)
    with fail_after(PATIENCE_S):
        async with turn:
            with pytest.raises(TimeoutError):
                await run(call(gate.wait), turn)
        assert turn.is_taken
        with move_on_after(SOON_S) as scope:
            async with turn:
                pass
        assert scope.cancelled_caught
        gate.set()
        async with turn:
            assert await running()(call(lambda: 5), turn) == 5
    assert not turn.is_taken


async def test_to_its_end_the_result_counts_however_late_it_comes(
    gate: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    run = running(SOON_S)
    results: list[object] = []

    async def wait() -> None:
        results.append(await run.to_its_end(call(gate.wait)))

    with fail_after(PATIENCE_S):
        async with create_task_group() as tasks:
            tasks.start_soon(wait)
            while "takes longer" not in caplog.text:
                await checkpoint()
            gate.set()
    assert results == [True]


async def test_code_that_is_cancelled_by_what_it_waits_for_ends_alone() -> None:
    async def cancelled() -> None:
        raise get_cancelled_exc_class()

    for _ in range(2):  # the task that calls goes on
        with pytest.raises(HookCancelled):
            await running()(call(cancelled))


@pytest.mark.parametrize("ending", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()], ids=repr)
async def test_code_that_would_end_the_process_fails_alone_async_or_not(ending: BaseException) -> None:
    def ends() -> None:
        raise ending

    async def ends_later() -> None:
        await checkpoint()
        raise ending

    for function in (ends, ends_later):
        with pytest.raises(RuntimeError, match=type(ending).__name__):
            await running()(call(function))
        assert await running().contained(call(function)) is False


async def test_contained_says_whether_it_came_to_its_end_and_the_log_names_it(caplog: pytest.LogCaptureFixture) -> None:
    assert await running().contained(call(doubled, 4)) is True
    assert await running().contained(call(lambda: 1 // 0)) is False
    assert "the hook failed" in caplog.text
    assert "ZeroDivisionError" in caplog.text


async def test_until_done_tries_again_until_it_does_not_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_hook, "FIRST_WAIT_S", 0.001)
    tries = 0

    async def attempt() -> int:
        nonlocal tries
        tries += 1
        if tries < 4:
            raise RuntimeError
        return tries

    with fail_after(PATIENCE_S):
        assert await running().until_done(attempt, "the hook") == 4
