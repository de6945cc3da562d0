"""A client that sends and does not read takes no memory of the server for it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest
from wsproto.events import CloseConnection, Pong

from ..support.raw_client import DEADLINE_S, RawClient
from ..support.server_process import ServerProcess
from ..support.websocket_frames import CONTINUATION, PING, PONG, TEXT, websocket_frame

MIB = 1 << 20
FLOOD = 24 * MIB
ALLOWED_KIB = 6 << 10
BEGUN = websocket_frame(TEXT, b"", is_final=False)
FRAGMENT = websocket_frame(CONTINUATION, b"", is_final=False)


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that nobody else talks to."""
    running = ServerProcess.of_rooms(tmp_path_factory.mktemp("floods"))
    try:
        yield running.start()
        assert running.stop() == 0, running.log
        assert running.faults == []
    finally:
        running.kill()


@pytest.fixture
def client(server: ServerProcess) -> Iterator[RawClient]:
    """Somebody who is connected, and for whom the system buffers little."""
    with socket.socket() as narrow:
        narrow.settimeout(DEADLINE_S)
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        narrow.connect(("127.0.0.1", server.port))
        client = RawClient(narrow, f"127.0.0.1:{server.port}")
        client.ask("connect")
        assert client.message()["type"] == "connected"
        yield client


@pytest.mark.parametrize(
    ("unit", "code", "reason"),
    [
        (websocket_frame(PING, b"x" * 125), 4429, "at most 100 pings and pongs a second are read"),
        (websocket_frame(PONG, b""), 4429, "at most 100 pings and pongs a second are read"),
        (
            websocket_frame(TEXT, b"", is_final=False) + FRAGMENT * 2_000,
            1009,
            "a message may have at most 1000 fragments",
        ),
    ],
    ids=["pings", "pongs", "fragments"],
)
def test_frames_without_end_close_the_connection_and_are_not_kept(
    server: ServerProcess, client: RawClient, unit: bytes, code: int, reason: str
) -> None:
    before = server.resident_kib
    flood = unit * (MIB // len(unit))
    client.socket.sendall(flood)
    while not isinstance(event := client.next(), CloseConnection):
        assert isinstance(event, Pong), event
    assert (event.code, event.reason) == (code, reason)
    with suppress(ConnectionError):
        for _ in range(FLOOD // len(flood)):
            client.socket.sendall(flood)
    assert server.resident_kib - before < ALLOWED_KIB


def test_what_comes_behind_a_frame_that_is_none_is_not_kept(server: ServerProcess, client: RawClient) -> None:
    client.socket.sendall(websocket_frame(CONTINUATION, b""))
    before = server.resident_kib
    sent = 0
    try:
        while sent < FLOOD:
            sent += client.socket.send(b"\xff" * 65_536)
    except ConnectionError:
        pass  # it was cut off, as it may be
    assert server.resident_kib - before < ALLOWED_KIB
    closing = client.next()
    assert isinstance(closing, CloseConnection)
    assert closing.code == 1002
