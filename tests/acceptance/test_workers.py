"""`--workers N`: several processes behind one port, kept by one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from ..support.patience import wait_until
from ..support.server_process import DIALOGUE, ServerProcess
from ..support.shared_postgresql import database_with_tables
from ..support.wire_client import connected

PATIENCE_S = 60.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    """Two workers over a PostgreSQL."""
    with database_with_tables() as url:
        command = [*DIALOGUE, "--port", "{port}", "--workers", "2", "--database", url]
        server = ServerProcess(tmp_path, command).start()
        try:
            yield server
        finally:
            server.kill()


def workers_of(pid: int) -> set[int]:
    """The processes that it keeps."""
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    return {int(line) for line in found.stdout.split()}


def is_there(pid: int) -> bool:
    """Whether the process runs: a dead one that nobody has waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


linux_only = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes as Linux shows them")


@linux_only
def test_a_worker_that_dies_is_replaced_and_all_stop_with_the_one_that_keeps_them(server: ServerProcess) -> None:
    workers = workers_of(server.pid)
    assert len(workers) == 2
    assert {httpx.get(f"{server.http}/health/live").status_code for _ in range(10)} == {200}
    os.kill(min(workers), signal.SIGKILL)
    wait_until(lambda: len(workers_of(server.pid) - workers) == 1, PATIENCE_S, "no other worker was started")
    wait_until(lambda: "serves again" in server.log, PATIENCE_S, "the new worker does not serve")
    assert {httpx.get(f"{server.http}/health/live").status_code for _ in range(10)} == {200}
    now = workers_of(server.pid)
    assert server.stop() == 0
    assert not [pid for pid in now if is_there(pid)]


async def test_an_event_without_history_gets_from_worker_to_worker(server: ServerProcess) -> None:
    """By the database's own bus, where nothing else is said; the two workers share eight clients as it happens."""
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(connected(server.ws, f"user-{n}")) for n in range(8)]
        for client in clients:
            await client.ask("join", roomId="general", events=["typing"])
        for number, client in enumerate(clients):
            await client.ask("trigger", roomId="general", event="typing", data={"username": f"user-{number}"})
        for client in clients:
            heard = await client.events(len(clients), "general")
            assert {event["from"] for event in heard} == {f"user-{number}" for number in range(8)}


def figures(server: ServerProcess) -> dict[str, float]:
    """Those without labels, as any of the workers tells them."""
    answer = httpx.get(f"{server.http}/metrics", trust_env=False)
    assert answer.status_code == 200, answer.text
    samples = (sample for family in text_string_to_metric_families(answer.text) for sample in family.samples)
    return {sample.name: sample.value for sample in samples if not sample.labels}


@linux_only
async def test_what_workers_count_is_summed_and_stays_so_when_one_has_ended(server: ServerProcess) -> None:
    """Whichever of them is asked: each answers for all."""

    def settled() -> bool:
        told.append(figures(server))
        is_whole = told[-1]["dialogue_connections"] == 8 and told[-1]["dialogue_events_total"] == 16
        return is_whole and told[-1]["dialogue_bus_delay_seconds_count"] > 0

    told: list[dict[str, float]] = []
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(connected(server.ws, f"user-{n}")) for n in range(8)]
        for client in clients:
            await client.join("general")
            for text in ("one", "two"):
                await client.trigger("general", "message", {"text": text, "username": "ada"})
        wait_until(settled, PATIENCE_S, "the figures are not those of all workers")
    found = told[-1]
    assert found["dialogue_rooms"] == 1
    assert found["dialogue_ready"] == 1
    assert found["dialogue_sessions"] == found["dialogue_users"] == 8
    assert found["dialogue_batch_events_sum"] == 16
    assert 0 < found["dialogue_bus_delay_seconds_sum"] < PATIENCE_S
    assert 0 < found["dialogue_poll_age_seconds"] < PATIENCE_S
    workers = workers_of(server.pid)
    os.kill(min(workers), signal.SIGKILL)
    wait_until(lambda: len(workers_of(server.pid) - workers) == 1, PATIENCE_S, "no other worker was started")
    wait_until(lambda: "serves again" in server.log, PATIENCE_S, "the new worker does not serve")
    wait_until(lambda: figures(server)["dialogue_connections"] == 0, PATIENCE_S, "connections stay that have ended")
    again = figures(server)
    assert again["dialogue_events_total"] == 16
    assert again["process_cpu_seconds_total"] >= found["process_cpu_seconds_total"]


@linux_only
def test_workers_end_when_nobody_keeps_them_any_more(server: ServerProcess) -> None:
    workers = workers_of(server.pid)
    os.kill(server.pid, signal.SIGKILL)
    wait_until(lambda: not any(map(is_there, workers)), PATIENCE_S, "a worker goes on alone")


@pytest.mark.parametrize("database", ["sqlite:///chat.db", "memory://"])
def test_a_storage_of_one_node_is_refused(database: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dialogue", "serve", "--port", "0", "--workers", "2", "--database", database]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False, timeout=PATIENCE_S)
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: 2 workers need a storage that several nodes share, as postgresql://… is")
    assert len(ended.stderr.splitlines()) == 1


def test_what_one_worker_cannot_do_ends_all(tmp_path: Path) -> None:
    """They do not begin again and again where none of them can start, and each tells it in one line."""
    url = "postgresql://127.0.0.1:1/nothing"
    command = [sys.executable, "-m", "dialogue", "serve", "--port", "0", "--workers", "2", "--database", url]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False, timeout=PATIENCE_S)
    assert ended.returncode == 1
    *told, last = ended.stderr.splitlines()
    assert told
    assert {line.partition(" cannot be used: ")[0] for line in told} == {f"error: {url}"}
    assert "could not start" in last
