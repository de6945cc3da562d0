"""WebSocket frames (RFC 6455) as a client writes and reads them; just as much as the benchmarks need."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator

_MASK = b"\x37\xfa\x21\x3d"
_MASKED = 0x80
TEXT = 0x1
CLOSE = 0x8
PING = 0x9
PONG = 0xA


def client_frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """One masked frame. The masking key is always the same: it protects proxies, and there is none here."""
    size = len(payload)
    head = bytes([0x80 | opcode])
    if size < 126:
        head += bytes([_MASKED | size])
    elif size < 1 << 16:
        head += bytes([_MASKED | 126]) + size.to_bytes(2, "big")
    else:
        head += bytes([_MASKED | 127]) + size.to_bytes(8, "big")
    key = (_MASK * (size // 4 + 1))[:size]
    masked = int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")
    return head + _MASK + masked.to_bytes(size, "big")


def upgrade_request(port: int) -> bytes:
    """The HTTP request that opens a WebSocket."""
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        "GET /ws HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Protocol: dialogue.v1",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


class FrameReader:
    """Cuts a server's bytes into frames; unfragmented and unmasked, as this server sends them."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Opcode and payload of each frame that `data` completes."""
        rest = self._rest
        if rest:
            rest += data
            if len(rest) < _needed(rest):
                return
            data = bytes(rest)
            rest.clear()
        start, end = 0, len(data)
        while start < end:
            size, begin = _extent(data, start)
            if begin + size > end:
                rest += data[start:]
                return
            yield data[start] & 0x0F, data[begin : begin + size]
            start = begin + size


def _needed(data: bytearray) -> int:
    size, begin = _extent(data, 0)
    return begin + size


def _extent(data: bytes | bytearray, start: int) -> tuple[int, int]:
    """The payload's size and where it begins; beyond the end where the head is not there yet."""
    if len(data) - start < 2:
        return 0, start + 2
    size = data[start + 1]
    if size < 126:
        return size, start + 2
    width = 2 if size == 126 else 8
    begin = start + 2 + width
    if len(data) < begin:
        return 0, begin
    return int.from_bytes(data[start + 2 : begin], "big"), begin
