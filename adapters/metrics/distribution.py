"""How often what was measured lay where."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate

from prometheus_client.core import HistogramMetricFamily

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
EVENTS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000)


class Distribution:
    """A histogram of one thread, without the lock that prometheus-client's own takes.

    `bounds` are inclusive, in rising order.
    """

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def add(self, value: float) -> None:
        """One was measured."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def family(self, name: str, about: str) -> HistogramMetricFamily:
        """As Prometheus has it: each bucket counts those below it, too."""
        names = [*(str(float(bound)) for bound in self._bounds), "+Inf"]
        return HistogramMetricFamily(
            name,
            about,
            buckets=list(zip(names, map(float, accumulate(self._counts)), strict=True)),
            sum_value=self._sum,
        )
