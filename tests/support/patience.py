"""Waiting for what another process does."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from threading import Event

from anyio import fail_after, move_on_after, sleep_forever

BETWEEN_S = 0.02


def wait_until(is_so: Callable[[], bool], timeout_s: float, otherwise: str) -> None:
    """Ask again and again; fails with `otherwise` where it is not so in time."""
    pause = Event()
    end = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < end, otherwise
        pause.wait(BETWEEN_S)  # another process gets its turn


async def until(is_so: Callable[[], Awaitable[bool]], timeout_s: float = 60.0) -> None:
    """The same in the event loop, for what has to be awaited."""
    with fail_after(timeout_s):
        while not await is_so():
            with move_on_after(BETWEEN_S):
                await sleep_forever()
