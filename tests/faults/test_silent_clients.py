"""Who is silent in the middle, or reads nothing, is waited for some seconds, by a stop too."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from time import monotonic
from typing import Any

import pytest

from ..support.blocking_client import blocking
from ..support.raw_client import DEADLINE_S
from ..support.server_process import ServerProcess
from ..support.websocket_frames import TEXT, websocket_frame
from .conftest import Serve
from .torrents import HANDSHAKE

TIMEOUT_S = 1
QUICK = {
    "client_timeout_s": TIMEOUT_S,
    "connect_timeout_s": TIMEOUT_S,
    "heartbeat_s": TIMEOUT_S,
    "heartbeat_timeout_s": TIMEOUT_S,
}
STOP_S = 6
AN_HOUR: dict[str, Any] = {"client_timeout_s": 3600, "connect_timeout_s": 3600, "heartbeat_s": 3600}

ENDED = select.POLLHUP | select.POLLERR | select.POLLRDHUP

PAGE = b"GET /rooms/hall/events?userId=eve&limit=100 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
STREAM = b"GET /rooms/hall/stream?userId=eve HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
POST = b"POST /rooms/hall/events?userId=eve HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
NOWHERE = b"POST /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\n"
CONNECT = websocket_frame(TEXT, b'{"type":"connect","auth":{"userId":"eve"}}')
JOIN = websocket_frame(TEXT, b'{"type":"join","roomId":"hall"}')
HISTORY = websocket_frame(TEXT, b'{"type":"getHistory","roomId":"hall","limit":100}')

SILENT: dict[str, bytes] = {
    "nothing": b"",
    "half a request line": b"GET /health",
    "half a head": PAGE[:-2],
    "half an upgrade": HANDSHAKE[:-2],
    "no body": POST + b"Content-Length: 20\r\n\r\n",
    "half a body": POST + b"Content-Length: 20\r\n\r\n{",
    "chunks without an end": POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
    "half a chunk": POST + b"Transfer-Encoding: chunked\r\n\r\nff",
    "a body that nobody reads": POST.replace(b"POST /rooms/hall/events", b"POST /nowhere")
    + b"Content-Length: 20\r\n\r\n",
    "an upgrade and no connect": HANDSHAKE,
    "half a frame": HANDSHAKE + CONNECT[:-3],
    "half a message": HANDSHAKE + websocket_frame(TEXT, b"{", is_final=False),
    "no pong": HANDSHAKE + CONNECT,
}
HALVES = ("nothing", "half a head", "half an upgrade", "half a body", "half a frame")
UNREAD: dict[str, bytes] = {
    "pages": PAGE * 8,
    "a page, and the end": PAGE * 8 + PAGE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
    "pages over a WebSocket": HANDSHAKE + CONNECT + JOIN + HISTORY * 8,
}


@contextmanager
def strangers(port: int, sent: bytes, count: int) -> Iterator[list[socket.socket]]:
    """So many connections on which this was sent, and nothing is read."""
    with ExitStack() as stack:
        sockets = []
        for _ in range(count):
            narrow = stack.enter_context(socket.socket())
            narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            narrow.settimeout(DEADLINE_S)
            narrow.connect(("127.0.0.1", port))
            narrow.sendall(sent)
            sockets.append(narrow)
        yield sockets


def left(sockets: list[socket.socket], within_s: float = 2 * DEADLINE_S) -> int:
    """How many of them the server has not ended within that time, though nothing is read from them."""
    poll, deadline = select.poll(), monotonic() + within_s
    for each in sockets:
        poll.register(each, ENDED)
    count = len(sockets)
    while count and (wait_s := deadline - monotonic()) > 0:
        for descriptor, _ in poll.poll(wait_s * 1_000):
            poll.unregister(descriptor)
            count -= 1
    return count


def left_of_each(server: ServerProcess, kinds: dict[str, bytes], count: int, within_s: float) -> dict[str, int]:
    """Of so many connections of each kind, those that the server has not ended."""
    with ExitStack() as stack:
        opened = {kind: stack.enter_context(strangers(server.port, sent, count)) for kind, sent in kinds.items()}
        deadline = monotonic() + within_s
        found = {kind: left(sockets, max(deadline - monotonic(), 0)) for kind, sockets in opened.items()}
        return {kind: count for kind, count in found.items() if count}


def fill(server: ServerProcess, events: int = 60) -> None:
    """Put events of 60 KB into the hall."""
    with blocking(server.ws, "ada") as ada:
        ada.ask("join", roomId="hall", events=["typing"])
        for _ in range(events):
            ada.ask("trigger", roomId="hall", event="note", data="x" * 60_000)


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server of little patience, with a history of some megabytes."""
    settings = {f"DIALOGUE_{name.upper()}": str(value) for name, value in QUICK.items()}
    running = ServerProcess.of_rooms(tmp_path_factory.mktemp("quick"), settings)
    try:
        fill(running.start())
        yield running
        assert running.stop() == 0, running.log
        assert running.faults == []
    finally:
        running.kill()


@pytest.mark.parametrize(("kinds", "count"), [(SILENT, 10), (UNREAD, 5)], ids=["silent", "unread"])
def test_who_is_silent_in_the_middle_or_does_not_read_is_not_waited_for(
    quick: ServerProcess, kinds: dict[str, bytes], count: int
) -> None:
    assert left_of_each(quick, kinds, count, within_s=2 * DEADLINE_S) == {}
    assert quick.faults == []


def test_a_stop_ends_in_its_time_beside_clients_that_do_not_read(serve: Serve) -> None:
    """Though they have an hour for what they have asked for; and without a traceback."""
    server = serve(drain_timeout_s=STOP_S, **AN_HOUR)
    fill(server)
    with ExitStack() as stack:
        for sent in [*UNREAD.values(), STREAM]:
            stack.enter_context(strangers(server.port, sent, 8))
        for kind in HALVES:
            stack.enter_context(strangers(server.port, SILENT[kind], 2))
        with blocking(server.ws, "ada") as ada:
            ada.ask("ping")  # so what the others sent first has been read
        assert server.stop() == 0
    assert server.faults == []


def test_without_times_nobody_is_let_go(serve: Serve) -> None:
    """So it is those times that the other tests see at work."""
    server = serve(**AN_HOUR)
    kinds = {
        kind: SILENT[kind] for kind in ("nothing", "half a head", "half an upgrade", "half a body", "half a frame")
    }
    assert left_of_each(server, kinds, 2, within_s=4 * TIMEOUT_S) == dict.fromkeys(kinds, 2)
