"""No input, whoever sends it, holds the loop: meanwhile others are answered as ever."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from ..support.blocking_client import BlockingClient, blocking
from ..support.server_process import ServerProcess
from .conftest import Serve
from .torrents import DENSE, TORRENTS, drip, pour

MIB = 1 << 20
QUICK_S = 0.5
"""For how long the server may be busy before it answers somebody beside a torrent. Each of them took seconds when it
was parsed at once; it is some milliseconds now."""

HEAVY = ["empty pings", "empty fragments", "chunks of an event", "chunks nobody looks for"]
PLANTED = {"empty pings": MIB, "empty fragments": MIB, "chunks of an event": 2 * MIB}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that must end without a fault."""
    running = ServerProcess.of_rooms(tmp_path_factory.mktemp("turns"))
    try:
        yield running.start()
        assert running.stop() == 0, running.log
        assert running.faults == []
    finally:
        running.kill()


def slowest_answer(server: ServerProcess, other: BlockingClient, torrents: list[Future[bytes]]) -> float:
    """For how long the server was busy until it had answered the slowest of another client's requests, of all until the
    torrents were over and of the one behind them; in its own seconds, so that it does not matter what else the machine
    does."""
    slowest, is_over = 0.0, False
    while not is_over:
        is_over = all(torrent.done() for torrent in torrents)
        before_s = server.cpu_s
        other.ask("ping")
        slowest = max(slowest, server.cpu_s - before_s)
    return slowest


def beside(server: ServerProcess, kinds: list[str], size: int, *, to_the_end: bool = False) -> float:
    """The slowest answer that somebody else got beside these torrents, all at once."""
    with blocking(server.ws, "ada") as other, ThreadPoolExecutor(len(kinds)) as threads:
        torrents = [threads.submit(pour, server.port, kind, size, to_the_end=to_the_end) for kind in kinds]
        return slowest_answer(server, other, torrents)


@pytest.mark.parametrize("kind", TORRENTS)
def test_others_are_answered_beside_a_torrent(server: ServerProcess, kind: str) -> None:
    assert beside(server, [kind], 4 * MIB) < QUICK_S


@pytest.mark.parametrize("kind", DENSE)
def test_others_are_answered_beside_a_dense_request(server: ServerProcess, kind: str) -> None:
    with blocking(server.ws, "ada") as other, ThreadPoolExecutor(1) as threads:
        dense = threads.submit(drip, server.port, kind)
        assert slowest_answer(server, other, [dense]) < QUICK_S
        assert dense.result().startswith(b"HTTP/1.1 ")


@pytest.mark.parametrize("kind", HEAVY)
def test_others_are_answered_beside_a_larger_torrent(server: ServerProcess, kind: str) -> None:
    assert beside(server, [kind], 16 * MIB) < QUICK_S


def test_others_are_answered_beside_many_torrents(server: ServerProcess) -> None:
    """One of each kind, all at once: they take turns."""
    assert beside(server, list(TORRENTS), MIB) < 2 * QUICK_S


@pytest.mark.parametrize("kind", PLANTED)
def test_without_turns_and_bounds_nobody_is_answered(serve: Serve, kind: str) -> None:
    held_s = beside(serve("unbounded"), [kind], PLANTED[kind], to_the_end=True)
    print(f"{held_s:.2f} s")
    assert held_s > QUICK_S
