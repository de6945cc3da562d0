"""The machine's clock."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import monotonic_ns, time_ns

LEAP_MS = 24 * 60 * 60 * 1_000
"""A step ahead of more than this is believed only when it has lasted."""
BELIEVED_AFTER_MS = 60_000

Nanoseconds = Callable[[], int]

logger = logging.getLogger("dialogue.clock")


class SystemClock:
    """Tells the machine's wall-clock time, which here never runs backwards.

    Where the machine's clock is set back, time stands still until it has caught up. So a clock that leaps far ahead for
    a moment would stop time for years: such a leap is not followed before it has lasted for a minute, and time goes on
    at its own pace until then. A machine that has slept for days is a minute late in saying so.
    """

    def __init__(self, wall: Nanoseconds = time_ns, steady: Nanoseconds = monotonic_ns) -> None:
        self._wall = wall
        self._steady = steady
        self._last_ms = 0
        self._last_steady_ms = steady() // 1_000_000
        self._leapt_at_ms: int | None = None

    def now_ms(self) -> int:
        """See `Clock.now_ms`."""
        wall_ms, steady_ms = self._wall() // 1_000_000, self._steady() // 1_000_000
        expected_ms = self._last_ms + steady_ms - self._last_steady_ms
        if self._last_ms and wall_ms > expected_ms + LEAP_MS and not self._has_lasted(steady_ms):
            wall_ms = expected_ms
        else:
            self._leapt_at_ms = None
        self._last_ms, self._last_steady_ms = max(self._last_ms, wall_ms), steady_ms
        return self._last_ms

    def _has_lasted(self, steady_ms: int) -> bool:
        if self._leapt_at_ms is None:
            self._leapt_at_ms = steady_ms
            logger.warning("the machine's clock has leapt ahead by more than a day: it is followed if that lasts")
        return steady_ms - self._leapt_at_ms >= BELIEVED_AFTER_MS
