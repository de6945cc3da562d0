"""What was measured, and the few statistics that are told of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table. `ratio` is what `remark` says it is: what can be compared with another run's.

    `cpu_s` is the server's processor time for one of what was counted, in seconds; it suffers least from what else the
    machine does.
    """

    what: str
    value: float
    unit: str
    ratio: float | None = None
    cpu_s: float | None = None
    remark: str = ""


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def p50(values: Sequence[float]) -> float:
    """The median."""
    return percentile(values, 0.5)


def p99(values: Sequence[float]) -> float:
    """What one in a hundred exceeds."""
    return percentile(values, 0.99)
