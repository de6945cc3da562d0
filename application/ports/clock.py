"""The port that tells the time."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Tells what time it is. It never runs backwards in one process; from one process to the next it may."""

    def now_ms(self) -> int:
        """Milliseconds since the Unix epoch."""
        ...
