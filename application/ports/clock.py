"""The port that tells the time."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Tells what time it is; it may jump, in either direction."""

    def now_ms(self) -> int:
        """Milliseconds since the Unix epoch."""
        ...
