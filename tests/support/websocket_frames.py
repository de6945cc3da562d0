"""Frames of a client (RFC 6455, 5.2) made by hand, also those that no library would send."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from struct import pack

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
FINAL, MASKED = 0x80, 0x80
MASK = b"\x5a\xa5\x0f\xf0"


def websocket_frame(opcode: int, payload: bytes, *, is_final: bool = True, first_bits: int = 0) -> bytes:
    """One masked frame; `first_bits` are set in its first byte besides those it needs."""
    size = len(payload)
    head = (FINAL if is_final else 0) | opcode | first_bits
    if size < 126:
        header = pack("!BB", head, MASKED | size)
    elif size < 1 << 16:
        header = pack("!BBH", head, MASKED | 126, size)
    else:
        header = pack("!BBQ", head, MASKED | 127, size)
    key = (MASK * (size // len(MASK) + 1))[:size]
    masked = (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")
    return header + MASK + masked


def in_fragments(opcode: int, payload: bytes, cuts: Sequence[int]) -> bytes:
    """A message in fragments, cut at these places wherever in a character they are, with a ping behind each."""
    parts = list(_parts(payload, cuts))
    frames = [
        websocket_frame(opcode if index == 0 else CONTINUATION, part, is_final=index == len(parts) - 1)
        for index, part in enumerate(parts)
    ]
    return websocket_frame(PING, b"between").join(frames)


def _parts(payload: bytes, cuts: Sequence[int]) -> Iterator[bytes]:
    places = [0, *sorted(min(cut, len(payload)) for cut in cuts), len(payload)]
    for start, end in pairwise(places):
        yield payload[start:end]
