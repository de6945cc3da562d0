"""The figures of several processes as those of one."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, generate_latest

from dialogue.adapters.metrics.distribution import Distribution
from dialogue.adapters.metrics.prometheus_metrics import PrometheusMetrics
from dialogue.adapters.metrics.summed import Family, Told, counted, decoded, encoded, total


def of(*kept: int) -> PrometheusMetrics:
    metrics = PrometheusMetrics()
    for events in kept:
        metrics.kept(events, 0.003)
        metrics.refused("FORBIDDEN")
    return metrics


def text(collector: object) -> str:
    registry = CollectorRegistry()
    registry.register(collector)  # type: ignore[arg-type]
    return generate_latest(registry).decode()


def test_what_is_written_and_read_again_is_the_same() -> None:
    assert text(Told(decoded(encoded(of(1, 7))))) == text(of(1, 7))


def test_counters_and_histograms_are_added_up() -> None:
    together = total([decoded(encoded(of(1, 7))), decoded(encoded(of(500))), []])
    assert text(Told(together)) == text(of(1, 7, 500))


def test_what_all_have_alike_is_not_added_up() -> None:
    def process(ready: float, rooms: float) -> list[Family]:
        told = {"dialogue_ready": ready, "dialogue_rooms": rooms, "dialogue_users": 3.0}
        return [Family(name, "", "gauge", [(name, {}, value)]) for name, value in told.items()]

    found = {name: value for each in total([process(1, 7), process(0, 8)]) for name, _, value in each.samples}
    assert found == {"dialogue_ready": 0, "dialogue_rooms": 8, "dialogue_users": 6}


def test_what_a_process_held_goes_with_it_and_what_it_counted_stays() -> None:
    process = [
        *decoded(encoded(of(3))),
        Family("dialogue_connections", "", "gauge", [("dialogue_connections", {}, 9.0)]),
    ]
    assert {each.name for each in process} - {each.name for each in counted(process)} == {"dialogue_connections"}


def test_a_distribution_counts_each_value_in_the_first_bucket_that_takes_it() -> None:
    distribution = Distribution((1, 2, 5))
    for value in (0, 1, 1.5, 2, 5, 5.1, 100):
        distribution.add(value)
    samples = {sample.labels.get("le", sample.name): sample.value for sample in distribution.family("x", "").samples}
    assert samples == {"1.0": 2, "2.0": 4, "5.0": 5, "+Inf": 7, "x_count": 7, "x_sum": 114.6}
