"""A client that sends and does not read takes no memory of the server for it."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from wsproto.events import CloseConnection, Pong

from ..support.raw_client import DEADLINE_S, RawClient
from ..support.server_process import ServerProcess
from ..support.websocket_frames import CONTINUATION, PING, websocket_frame

FLOOD = 24 << 20
ALLOWED_KIB = 6 << 10
PINGS_AT_ONCE = 500


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


def test_pings_of_a_client_that_does_not_read_are_not_kept(server: ServerProcess, client: RawClient) -> None:
    pings = websocket_frame(PING, b"x" * 125) * PINGS_AT_ONCE
    before = server.resident_kib
    for _ in range(FLOOD // len(pings)):
        client.socket.sendall(pings)
    client.socket.sendall(websocket_frame(PING, b"the last"))
    assert server.resident_kib - before < ALLOWED_KIB
    assert_pongs_until(client, b"the last")  # that one is answered, whatever was not
    client.ask("ping", id="x")
    assert client.message() == {"type": "pong", "id": "x"}


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


def assert_pongs_until(client: RawClient, payload: bytes) -> None:
    """Read pongs up to the one with this payload."""
    last: bytes | None = None
    while last != payload:
        event = client.next()
        assert isinstance(event, Pong), event
        last = bytes(event.payload)
