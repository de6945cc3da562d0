"""Whatever headers a WebSocket is asked for with, there is an answer, and it is no fault of the server's."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ..support.raw_client import DEADLINE_S
from ..support.server_process import ServerProcess

GOOD = {
    b"Host": b"127.0.0.1",
    b"Upgrade": b"websocket",
    b"Connection": b"Upgrade",
    b"Sec-WebSocket-Key": b"dGhlIHNhbXBsZSBub25jZQ==",
    b"Sec-WebSocket-Version": b"13",
    b"Sec-WebSocket-Protocol": b"dialogue.v1",
}
NAMES = [*GOOD, b"Origin", b"Sec-WebSocket-Extensions", b"Authorization", b"Cookie", b"X-User-Id"]
ODD_VALUES = [
    b"",
    b"\xff",
    b"http://[",
    b"xn--a",
    b"a..b",
    b"[::1",
    b",;,=,",
    b"x" * 3_000,
    b"permessage-deflate; a=\xff",
]

latin = st.characters(min_codepoint=32, max_codepoint=255)
values = st.one_of(st.sampled_from(ODD_VALUES), st.text(latin, max_size=40).map(lambda text: text.encode("latin-1")))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that must end without a fault."""
    running = ServerProcess.of_rooms(tmp_path_factory.mktemp("handshakes"))
    try:
        yield running.start()
        assert running.stop() == 0, running.log
        assert running.faults == []
    finally:
        running.kill()


def status_of(port: int, headers: dict[bytes, bytes], first: bytes = b"GET /ws HTTP/1.1") -> int:
    """The HTTP status with which a handshake of these headers is answered."""
    lines = [first, *(name + b": " + value for name, value in headers.items()), b"", b""]
    with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S) as client:
        client.sendall(b"\r\n".join(lines))
        answer = client.makefile("rb").readline()
    assert answer.startswith(b"HTTP/1.1 "), answer
    return int(answer.split()[1])


@settings(max_examples=150)
@example(changed={b"Origin": b"http://["})
@example(changed={b"Host": b"xn--a"})
@example(changed={b"Sec-WebSocket-Protocol": b"\xff"})
@given(changed=st.dictionaries(st.sampled_from(NAMES), values, min_size=1, max_size=3))
def test_any_handshake_is_answered(server: ServerProcess, changed: dict[bytes, bytes]) -> None:
    assert status_of(server.port, GOOD | changed) < 500
    assert server.faults == []


@pytest.mark.parametrize(
    "key", [b"", b"x", b"dGhlIHNhbXBsZSBub25jZQ", b"dGhlIHNhbXBsZSBub25j", b"dGhlIHNhbXBsZSBub25jZQ==, ZQ=="]
)
def test_a_key_that_is_not_sixteen_bytes_is_refused(server: ServerProcess, key: bytes) -> None:
    """RFC 6455, 4.2.1."""
    assert status_of(server.port, GOOD | {b"Sec-WebSocket-Key": key}) == 400
    assert status_of(server.port, GOOD | {b"sec-websocket-key": GOOD[b"Sec-WebSocket-Key"]}) == 400  # twice
    assert status_of(server.port, GOOD) == 101


def test_a_websocket_is_asked_for_with_http_1_1(server: ServerProcess) -> None:
    assert status_of(server.port, GOOD, b"GET /ws HTTP/1.0") == 400


def test_an_origin_that_is_no_url_is_refused_as_a_foreign_one_is(server: ServerProcess) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE_S) as client:
        lines = [b"GET /ws HTTP/1.1", *(name + b": " + value for name, value in GOOD.items()), b"Origin: http://["]
        client.sendall(b"\r\n".join([*lines, b"", b""]))
        received = b""
        while b"origin not allowed" not in received:
            part = client.recv(4_096)
            assert part, received
            received += part
    assert b"\x88\x14\x11\x33origin" in received  # a close frame of 20 bytes, with 4403
