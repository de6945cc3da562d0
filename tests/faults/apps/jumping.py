"""The rooms by a clock that jumps, to and fro, by up to an hour; it is also `CLOCK_BEHIND_S` behind the machine's."""

from __future__ import annotations

import os
from random import Random

from dependency_injector import providers

from dialogue.adapters.system_clock import SystemClock

from .rooms import create


class JumpingClock(SystemClock):
    """The machine's clock, set anew in one of twenty readings."""

    def __init__(self) -> None:
        super().__init__()
        self._random = Random(int(os.environ["CLOCK_SEED"]))
        self._behind_ms = int(float(os.environ["CLOCK_BEHIND_S"]) * 1_000)
        self._offset_ms = 0

    def now_ms(self) -> int:
        """See `Clock.now_ms`."""
        if self._random.random() < 0.05:
            self._offset_ms = self._random.choice([0, -10, 10, -5_000, -3_600_000, 1_000])
        return super().now_ms() + self._offset_ms - self._behind_ms


dialogue = create()
dialogue.container.clock.override(providers.Singleton(JumpingClock))
