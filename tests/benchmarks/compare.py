"""Two checkouts in one run: figures of different runs cannot be compared, since a machine is never the same twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from .figures import Figure
from .setting import Setting

Measure = Callable[[Setting], Awaitable[list[Figure]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One figure of both, each the median of its rounds."""

    what: str
    unit: str
    before: float
    now: float
    cpu_before_s: float | None
    cpu_now_s: float | None


async def compare(measure: Measure, setting: Setting, against: Path, rounds: int) -> list[Comparison]:
    """Measure the server of the checkout `against`, and this one, in turn, so often; the clients are always ours."""
    found: list[list[Figure]] = []
    before: list[list[Figure]] = []
    for _ in range(rounds):
        before.append(await measure(replace(setting, source=against)))
        found.append(await measure(setting))
    return [
        Comparison(
            what=first.what,
            unit=first.unit,
            before=median(figures[place].value for figures in before),
            now=median(figures[place].value for figures in found),
            cpu_before_s=_cpu([figures[place] for figures in before]),
            cpu_now_s=_cpu([figures[place] for figures in found]),
        )
        for place, first in enumerate(found[0])
    ]


def _cpu(figures: list[Figure]) -> float | None:
    spent = [figure.cpu_s for figure in figures if figure.cpu_s is not None]
    return median(spent) if spent else None
