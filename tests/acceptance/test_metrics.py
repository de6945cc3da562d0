"""`GET /metrics`: what it tells after known work, and what strangers cannot make it tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from ..support.event_source import streaming
from ..support.patience import wait_until
from ..support.server_process import ServerProcess
from ..support.wire_client import connected, opened

Series = dict[tuple[str, tuple[tuple[str, str], ...]], float]
PATIENCE_S = 60.0


def scraped(server: ServerProcess) -> Series:
    """Every series, as Prometheus reads them."""
    answer = call("GET", f"{server.http}/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def call(method: str, url: str, **headers: str) -> httpx.Response:
    return httpx.request(method, url, headers={"X-User-Id": "ada", **headers}, trust_env=False)


def value(series: Series, name: str, **labels: str) -> float:
    return series[name, tuple(sorted(labels.items()))]


def told(server: ServerProcess, is_so: Callable[[Series], bool]) -> Series:
    """The figures, once they are so: they are made once a second."""
    found: list[Series] = []

    def look() -> bool:
        found[:] = [scraped(server)]
        return is_so(found[0])

    wait_until(look, PATIENCE_S, "the figures do not say so")
    return found[0]


@pytest.fixture
def own(new_server: Callable[..., ServerProcess]) -> ServerProcess:
    """A server that nobody else uses."""
    return new_server()


async def test_the_figures_are_those_of_what_was_done(own: ServerProcess) -> None:
    before = scraped(own)
    assert value(before, "dialogue_connections") == 0
    assert value(before, "dialogue_ready") == 1
    async with (
        connected(own.ws, "ada") as ada,
        connected(own.ws, "ada") as again,
        opened(own.ws),
        streaming(own.http, "hall", "bob"),
    ):
        await ada.join("hall")
        await again.join("quiet")
        await ada.publish("hall", 25)
        await ada.trigger("hall", "typing", {"username": "ada"})
        await ada.refused("trigger", roomId="hall", event="message", data={"text": ""})
        await ada.refused("join", roomId="nowhere")
        call("GET", f"{own.http}/rooms/nowhere")
        during = told(own, lambda series: value(series, "dialogue_connections") == 4)
    assert value(during, "dialogue_sessions") == 2  # a stream is a connection, and no session of the wire
    assert value(during, "dialogue_users") == 1
    assert value(during, "dialogue_rooms_occupied") == 2
    assert value(during, "dialogue_events_total") == 25
    assert value(during, "dialogue_batch_events_sum") == 25
    batches = value(during, "dialogue_batch_events_count")
    assert 1 <= batches <= 25
    for histogram in ("dialogue_commit_seconds", "dialogue_delivery_seconds"):
        assert value(during, f"{histogram}_count") == batches
        assert 0 < value(during, f"{histogram}_sum") < 60
        assert value(during, f"{histogram}_bucket", le="+Inf") == batches
    assert value(during, "dialogue_evictions_total") == 25 - 10  # the buffer of the event holds ten
    assert value(during, "dialogue_buffer_bytes") > 0
    assert value(during, "dialogue_refusals_total", code="INVALID_EVENT") == 1
    assert value(during, "dialogue_refusals_total", code="ROOM_NOT_FOUND") == 2
    assert value(during, "dialogue_deliveries_total") >= 2 * batches
    assert value(during, "dialogue_archive_errors_total", call="append") == 0
    after = told(own, lambda series: value(series, "dialogue_connections") == 0)
    assert value(after, "dialogue_connections_closed_total", code="1006") == 4
    assert value(after, "dialogue_rooms_occupied") == 0


async def test_who_is_turned_away_at_the_door_is_counted(new_server: Callable[..., ServerProcess]) -> None:
    """A foreign host and page, over HTTP and the WebSocket, and one connection too many, Socket.IO's among them."""
    server = new_server(
        proxy_headers="true", max_connections_per_address=1, limit_connections="2/hour", limit_address_factor=1
    )
    foreign = {"Origin": "https://evil.example"}
    assert call("GET", f"{server.http}/rooms", Host="evil.example").status_code == 400
    assert call("POST", f"{server.http}/rooms/hall/events", **foreign).status_code == 403
    assert call("GET", f"{server.http}/no%FF").status_code == 404
    async with connect(server.ws, additional_headers=foreign) as socket:
        await socket.wait_closed()
        assert socket.close_code == 4403
    one = {"X-Forwarded-For": "203.0.113.9"}
    async with connect(server.ws, additional_headers=one):
        with pytest.raises(InvalidStatus):
            await connect(server.ws, additional_headers=one)
    with pytest.raises(InvalidStatus):  # the third of an hour
        await connect(server.ws, additional_headers=one)
    for status in (200, 429):
        assert call("GET", f"{server.http}/socket.io/?EIO=4&transport=polling", **one).status_code == status
    series = told(server, lambda series: value(series, "dialogue_refusals_total", code="RATE_LIMITED") == 3)
    assert value(series, "dialogue_refusals_total", code="INVALID_REQUEST") == 1
    assert value(series, "dialogue_refusals_total", code="FORBIDDEN") == 2
    assert value(series, "dialogue_refusals_total", code="OTHER") == 1


async def test_strangers_can_make_no_series(own: ServerProcess) -> None:
    """Whatever names, codes and rooms they send: the series that there are stay the same."""
    before = scraped(own).keys()
    odd: list[Any] = ["odd\n# HELP x", 'a"} 1', "𝕏" * 50, {"a": 1}, None, 7]
    async with connected(own.ws, 'eve"} 1') as eve:
        for number, each in enumerate(odd):
            await eve.refused("trigger", roomId=each, event=each, data=each)
            await eve.refused("join", roomId=f"odd-{number}")
            await eve.ask("createRoom", room={"id": f"odd{number}", "name": "x"}) if number < 3 else None
            await eve.send_text(f'{{"type": "odd{number}", "id": "{number}"}}')
            call("GET", f"{own.http}/rooms/odd-{number}/events?event=x{number}")
            call(f"ODD{number}", f"{own.http}/odd{number}")
        await eve.join("odd1")
        await eve.publish("odd1", 1)
        await eve.socket.close(4999, "odd")
    after = told(own, lambda series: value(series, "dialogue_events_total") == 1)
    assert after.keys() == before


def test_what_the_application_makes_up_counts_as_another() -> None:
    """A refusal of an application's own class."""
    from dialogue.adapters.metrics.prometheus_metrics import PrometheusMetrics

    metrics = PrometheusMetrics()
    for code in ("MADE_UP", "FORBIDDEN", "ANOTHER"):
        metrics.refused(code)
    (refusals,) = (family for family in metrics.collect() if family.name == "dialogue_refusals")
    counted = {sample.labels["code"]: sample.value for sample in refusals.samples if sample.value}
    assert counted == {"OTHER": 2, "FORBIDDEN": 1}


async def test_a_storage_that_fails_is_counted(new_server: Callable[..., ServerProcess]) -> None:
    """By the file that is taken away."""
    server = new_server(database="sqlite:///gone.db")
    async with connected(server.ws, "ada") as ada:
        await ada.join("hall")
        await ada.publish("hall", 1)
        for part in server.folder.glob("gone.db*"):
            part.unlink()
        await ada.refused("trigger", roomId="hall", event="message", data={"text": "lost"})
        series = told(server, lambda series: value(series, "dialogue_archive_errors_total", call="append") > 0)
        assert value(series, "dialogue_events_total") == 1
        told(server, lambda series: value(series, "dialogue_ready") == 0)
