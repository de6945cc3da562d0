"""A time by which something must have happened."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Deadline:
    """Calls `on_passed` once when the time has passed, unless it was stopped, or set anew, before."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_set(self) -> bool:
        """Whether it is awaited."""
        return self._timer is not None

    def set(self, seconds: float, on_passed: Callable[[], None]) -> None:
        """Begin to wait, in place of what was waited for."""
        self.stop()

        def passed() -> None:
            self._timer = None
            on_passed()

        self._timer = self._loop.call_later(seconds, passed)

    def stop(self) -> None:
        """Wait no longer; doing so twice is fine."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
