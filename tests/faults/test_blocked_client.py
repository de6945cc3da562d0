"""A client that stops reading, among a thousand that go on, delays none of them."""

from __future__ import annotations

import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median, quantiles
from time import perf_counter

import pytest
from anyio import Event as Signal
from anyio import fail_after

from ..benchmarks.raw_client import RawClient, close_all, open_many
from ..benchmarks.requests import is_events, last_seq
from ..support.raw_client import RawClient as BlockingClient
from ..support.server_process import ServerProcess
from ..support.wire_client import WireClient, connected
from .conftest import Report, Serve

OTHERS = 1_000
EVENTS = 120
FLOOD = "x" * 64_000
DEADLINE_S = 60.0


@pytest.fixture
def many_files() -> Iterator[None]:
    """As many open sockets as the test needs, here and in the server."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4 * OTHERS
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(wanted, hard)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Crowd:
    """A thousand who listen, and how long each event took to each of them, in seconds."""

    def __init__(self, clients: list[RawClient]) -> None:
        self.clients = clients
        self.sent_at = 0.0
        self.delays: list[float] = []
        self._seq = self._behind = 0
        self._all_there = Signal()

    async def join(self) -> None:
        """Put all of them into the hall."""
        for client in self.clients:
            await client.ask("join", roomId="hall", events=["message"])
            client.receive = self._take

    def expect(self, seq: int) -> Signal:
        """The event at `seq` is being sent; what is given back is set when everyone has it."""
        self._seq, self._behind = seq, len(self.clients)
        self._all_there = Signal()
        self.sent_at = perf_counter()
        return self._all_there

    def _take(self, payload: bytes) -> None:
        assert is_events(payload), payload
        assert last_seq(payload) == self._seq, payload
        self.delays.append(perf_counter() - self.sent_at)
        self._behind -= 1
        if not self._behind:
            self._all_there.set()


@contextmanager
def blocked(server: ServerProcess) -> Iterator[None]:
    """Somebody who joins both rooms, and reads nothing of what comes."""
    with socket.socket() as narrow:
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        narrow.settimeout(DEADLINE_S)
        narrow.connect(("127.0.0.1", server.port))
        client = BlockingClient(narrow, f"127.0.0.1:{server.port}")
        client.ask("connect", auth={"userId": "blocked"})
        client.ask("join", roomId="hall", events=["message"])
        client.ask("join", roomId="side", events=["note"])
        yield


async def until_sizes(ada: WireClient, hall: int, side: int) -> None:
    """Wait until so many are in the rooms."""
    with fail_after(DEADLINE_S):
        sizes: dict[str, int] = {}
        while sizes != {"hall": hall, "side": side}:
            sizes = {room["id"]: room["size"] for room in (await ada.ask("listRooms"))["rooms"]}


async def publish(crowd: Crowd, ada: WireClient, first: int) -> list[float]:
    """One event after the other, each when all have the one before; and with each a large one that only the blocked
    client is subscribed to. How long each took to each of the crowd."""
    crowd.delays = []
    for seq in range(first, first + EVENTS):
        with fail_after(DEADLINE_S):
            flood = await ada.send("trigger", roomId="side", event="note", data=FLOOD)
            all_there = crowd.expect(seq)
            event = await ada.send("trigger", roomId="hall", event="message", data={"text": "hello"})
            await all_there.wait()
            assert [answer["type"] for answer in await ada.answers([flood, event])] == ["triggered", "triggered"]
    assert len(crowd.delays) == EVENTS * OTHERS
    return crowd.delays


def told(delays: list[float]) -> str:
    """The figures."""
    *_, p99 = quantiles(delays, n=100)
    return f"p50 {median(delays) * 1_000:.1f} ms, p99 {p99 * 1_000:.1f} ms, at most {max(delays) * 1_000:.1f} ms"


async def test_a_client_that_stops_reading_delays_none_of_a_thousand_others(
    serve: Serve, report: Report, many_files: None
) -> None:
    """The blocked one's socket fills, then its backlog, then it is closed: all the while each event reaches each of the
    others before the next is sent, within the deadline."""
    server = serve(max_backlog_bytes=2 << 20)
    async with connected(server.ws, "ada") as ada:
        for room_id in ("hall", "side"):
            await ada.join(room_id, events=[])
        crowd = Crowd(await open_many(server.port, OTHERS))
        await crowd.join()
        report(f"without it: {told(await publish(crowd, ada, 1))}")
        with blocked(server):
            await until_sizes(ada, OTHERS + 2, 2)
            report(f"beside it: {told(await publish(crowd, ada, 1 + EVENTS))}")
            await until_sizes(ada, OTHERS + 1, 1)  # it was closed
        await close_all(crowd.clients)
    assert server.stop() == 0
    assert server.faults == []
