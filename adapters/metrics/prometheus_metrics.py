"""What services tell of, counted."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

from ...application.ports.metrics import ArchiveCall
from ...domain import errors
from .distribution import EVENTS, SECONDS, Distribution

CODES = sorted(
    {kind.code for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.DialogueError)}
)
OTHER = "OTHER"
"""What a refusal counts as that has no code of ours, or one that an application has made up."""


class PrometheusMetrics:
    """`Metrics` in plain numbers, which `collect` gives as Prometheus wants them.

    Every label is one of a set that is known here, and all are there from the start: nobody can make one.
    """

    def __init__(self) -> None:
        self._kept = 0
        self._batches = Distribution(EVENTS)
        self._commits = Distribution(SECONDS)
        self._deliveries = Distribution(SECONDS)
        self._delays = Distribution(SECONDS)
        self._refusals = dict.fromkeys([*CODES, OTHER], 0)
        self._failures: dict[ArchiveCall, int] = {"append": 0, "read": 0}

    def kept(self, events: int, took_s: float) -> None:
        """See `Metrics.kept`."""
        self._kept += events
        self._batches.add(events)
        self._commits.add(took_s)

    def shown(self, waited_s: float) -> None:
        """See `Metrics.shown`."""
        self._deliveries.add(waited_s)

    def refused(self, code: str) -> None:
        """See `Metrics.refused`."""
        self._refusals[code if code in self._refusals else OTHER] += 1

    def failed(self, call: ArchiveCall) -> None:
        """See `Metrics.failed`."""
        self._failures[call] += 1

    def returned(self, delay_s: float) -> None:
        """See `Metrics.returned`."""
        self._delays.add(delay_s)

    def collect(self) -> Iterator[Metric]:
        """All of it; see `prometheus_client.registry.Collector`."""
        yield CounterMetricFamily("dialogue_events", "Events that this node has kept.", value=self._kept)
        yield from self._distributions()
        yield labelled("dialogue_refusals", "Requests that were refused, by code.", "code", self._refusals)
        yield labelled(
            "dialogue_archive_errors", "Calls of the archive that failed, by what was asked.", "call", self._failures
        )

    def _distributions(self) -> Iterator[HistogramMetricFamily]:
        yield self._batches.family("dialogue_batch_events", "How many events a batch held that was kept.")
        yield self._commits.family("dialogue_commit_seconds", "How long the archive took to keep a batch.")
        yield self._deliveries.family(
            "dialogue_delivery_seconds",
            "How long the oldest event of a batch took from its publisher's request to its hand-over to all sessions.",
        )
        yield self._delays.family(
            "dialogue_bus_delay_seconds", "How long a notice of this node took over the bus and back to it."
        )


def labelled(name: str, about: str, label: str, values: dict[ArchiveCall, int] | dict[str, int]) -> Metric:
    """A counter with one label, all of whose values are known."""
    family = CounterMetricFamily(name, about, labels=[label])
    for each, value in values.items():
        family.add_metric([each], value)
    return family
