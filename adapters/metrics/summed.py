"""The figures of several processes as those of one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from prometheus_client import Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

LARGEST: Mapping[str, Callable[[float, float], float]] = {
    "dialogue_build": max,
    "dialogue_rooms": max,
    "dialogue_poll_age_seconds": max,
    "dialogue_ready": min,
    "dialogue_bus_up": min,
    "process_start_time_seconds": min,
}
"""What a sum would say nothing of: every process has the same, or the worst of them counts. All else is summed."""
COUNTED = frozenset({"counter", "histogram"})


class Family(msgspec.Struct, frozen=True):
    """One figure of one process, or of several: its samples by their name and labels."""

    name: str
    about: str
    kind: str
    samples: list[tuple[str, dict[str, str], float]]


def encoded(collector: Collector) -> bytes:
    """All that a collector tells, on one line."""
    return msgspec.json.encode(
        [
            Family(
                family.name,
                family.documentation,
                family.type,
                [(each.name, each.labels, float(each.value)) for each in family.samples],
            )
            for family in collector.collect()
        ]
    )


def decoded(line: bytes) -> list[Family]:
    """What `encoded` has written. Raises msgspec.DecodeError."""
    return msgspec.json.decode(line, type=list[Family])


def total(figures: Iterable[Iterable[Family]]) -> list[Family]:
    """The figures of all of them together."""
    families: dict[str, Family] = {}
    values: dict[str, dict[tuple[Any, ...], float]] = {}
    for family in (each for process in figures for each in process):
        families.setdefault(family.name, family)
        together = LARGEST.get(family.name, float.__add__)
        found = values.setdefault(family.name, {})
        for name, labels, value in family.samples:
            key = (name, *sorted(labels.items()))
            found[key] = together(found[key], value) if key in found else float(value)
    return [
        Family(name, families[name].about, families[name].kind, [_sample(key, value) for key, value in found.items()])
        for name, found in values.items()
    ]


def counted(process: Iterable[Family]) -> list[Family]:
    """What stays of a process that has ended: what it has counted, and not what it held."""
    return [family for family in process if family.kind in COUNTED]


class Told:
    """A collector that tells figures which others have collected."""

    def __init__(self, families: Iterable[Family]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        """See `prometheus_client.registry.Collector`."""
        for family in self._families:
            metric = Metric(family.name, family.about, family.kind)
            metric.samples = [Sample(name, labels, value) for name, labels, value in family.samples]
            yield metric


def _sample(key: tuple[Any, ...], value: float) -> tuple[str, dict[str, str], float]:
    name, *labels = key
    return name, dict(labels), value
