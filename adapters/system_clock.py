"""The machine's clock."""

from __future__ import annotations

from time import time_ns


class SystemClock:
    """Tells the machine's wall-clock time."""

    def now_ms(self) -> int:
        """See `Clock.now_ms`."""
        return time_ns() // 1_000_000
