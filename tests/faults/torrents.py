"""Megabytes that cost their sender little and a parser much, each of a kind; none of it is anything a client needs."""

from __future__ import annotations

import socket
from contextlib import suppress

from ..support.websocket_frames import BINARY, CONTINUATION, PING, PONG, TEXT, websocket_frame

DEADLINE_S = 90.0
PATIENCE_S = 2.0
"""How long a stranger waits where nothing is taken from it; it reads no answers, which is right where many come."""

HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
CHUNKED = b"Host: 127.0.0.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
FRAGMENT = websocket_frame(CONTINUATION, b"", is_final=False)

TORRENTS: dict[str, tuple[bytes, bytes]] = {
    "empty pings": (HANDSHAKE, websocket_frame(PING, b"")),
    "full pings": (HANDSHAKE, websocket_frame(PING, b"x" * 125)),
    "empty pongs": (HANDSHAKE, websocket_frame(PONG, b"")),
    "empty fragments": (HANDSHAKE + websocket_frame(TEXT, b"", is_final=False), FRAGMENT),
    "fragments of one byte": (
        HANDSHAKE + websocket_frame(BINARY, b"", is_final=False),
        websocket_frame(CONTINUATION, b"x", is_final=False),
    ),
    "empty texts": (HANDSHAKE, websocket_frame(TEXT, b"")),
    "texts of two fragments": (
        HANDSHAKE,
        websocket_frame(TEXT, b"", is_final=False) + websocket_frame(CONTINUATION, b""),
    ),
    "pings between texts": (HANDSHAKE, websocket_frame(TEXT, b"{}") + websocket_frame(PING, b"")),
    "requests before connect": (HANDSHAKE, websocket_frame(TEXT, b'{"type":"ping"}')),
    "a frame without an end": (HANDSHAKE + websocket_frame(TEXT, b"x" * 70_000)[:14], b"x" * 1_000),
    "what is no frame": (HANDSHAKE, b"\xff" * 1_000),
    "chunks nobody looks for": (b"POST /nowhere HTTP/1.1\r\n" + CHUNKED, b"1\r\nx\r\n"),
    "chunks of an event": (b"POST /rooms/hall/events?userId=eve HTTP/1.1\r\n" + CHUNKED, b"1\r\nx\r\n"),
    "chunks without a name": (b"POST /rooms/hall/events HTTP/1.1\r\n" + CHUNKED, b"1\r\nx\r\n"),
    "chunks beside a page": (b"GET /rooms/hall/events?userId=eve HTTP/1.1\r\n" + CHUNKED, b"1\r\nx\r\n"),
    "chunks beside a stream": (b"GET /rooms/hall/stream?userId=eve HTTP/1.1\r\n" + CHUNKED, b"1\r\nx\r\n"),
    "trailers": (b"POST /rooms/hall/events?userId=eve HTTP/1.1\r\n" + CHUNKED + b"0\r\n", b"a:b\r\n"),
    "a chunk's extension": (b"POST /rooms/hall/events?userId=eve HTTP/1.1\r\n" + CHUNKED + b"1;", b"a" * 1_000),
    "a long body": (
        b"POST /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 999999999\r\n\r\n",
        b"x" * 1_000,
    ),
    "headers": (b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n", b"a:b\r\n"),
    "a header": (b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\nA: ", b"a" * 1_000),
    "a request line": (b"GET /", b"a" * 1_000),
    "requests in a row": (b"", b"GET /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"),
    "posts in a row": (b"", b"POST /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\n\r\nx"),
    "empty lines": (b"", b"\r\n"),
}


DENSE: dict[str, bytes] = {
    "a host that takes long to decode": HANDSHAKE.replace(b"127.0.0.1", b"xn--" + b"a" * 15_000),
    "a path of many parts": b"GET /" + b"a/" * 7_900 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "a path that goes up": b"GET /" + b"../" * 5_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "many arguments": b"GET /rooms/hall/events?" + b"a=1&" * 3_900 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "many subprotocols": HANDSHAKE.replace(b"Host", b"Sec-WebSocket-Protocol: " + b"a," * 7_500 + b"\r\nHost"),
    "many extensions": HANDSHAKE.replace(b"Host", b"Sec-WebSocket-Extensions: " + b"a," * 7_500 + b"\r\nHost"),
    "many cookies": b"GET /rooms HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: " + b"a=b; " * 3_000 + b"\r\n\r\n",
    "many ranges": b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nRange: bytes=" + b"0-1," * 3_500 + b"\r\n\r\n",
    "many tags": b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nIf-None-Match: " + b'"a",' * 3_500 + b"\r\n\r\n",
}
"""Single requests, each as dense as a head may be."""


def drip(port: int, kind: str, times: int = 10) -> bytes:
    """Send a dense request so often, one after the other; the last answer."""
    answer = b""
    for _ in range(times):
        with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S) as stranger:
            stranger.sendall(DENSE[kind])
            answer = stranger.recv(65_536)
    return answer


def pour(port: int, kind: str, size: int, *, to_the_end: bool = False) -> bytes:
    """Send a torrent of so many bytes as fast as it is taken, reading nothing meanwhile; what was answered first.

    `to_the_end` waits until the server has ended the connection, which it does when it has seen all of it.
    """
    head, unit = TORRENTS[kind]
    bite = unit * (65_536 // len(unit))
    patience_s = DEADLINE_S if to_the_end else PATIENCE_S
    with socket.create_connection(("127.0.0.1", port), timeout=patience_s) as stranger:
        with suppress(OSError):
            stranger.sendall(head)
            for _ in range(size // len(bite)):
                stranger.sendall(bite)
            if to_the_end:
                stranger.shutdown(socket.SHUT_WR)
        answer = b""
        with suppress(OSError):
            answer = stranger.recv(65_536)
            while to_the_end and stranger.recv(65_536):
                pass
    return answer
