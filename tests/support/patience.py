"""Waiting for what another process does."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event

BETWEEN_S = 0.02


def wait_until(is_so: Callable[[], bool], timeout_s: float, otherwise: str) -> None:
    """Ask again and again; fails with `otherwise` where it is not so in time."""
    pause = Event()
    end = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < end, otherwise
        pause.wait(BETWEEN_S)  # another process gets its turn
