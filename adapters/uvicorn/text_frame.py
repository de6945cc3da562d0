"""Server frames (RFC 6455, 5.2)."""

from __future__ import annotations

from functools import lru_cache
from struct import pack

FINAL_TEXT = 0x81


@lru_cache(maxsize=4)  # fan-out sends one text to all connections, one after the other
def text_frame(text: str) -> bytes:
    """`text` as one unmasked frame; a text that goes to many connections is encoded and copied once."""
    payload = text.encode()
    size = len(payload)
    if size < 126:
        return pack("!BB", FINAL_TEXT, size) + payload
    if size < 1 << 16:
        return pack("!BBH", FINAL_TEXT, 126, size) + payload
    return pack("!BBQ", FINAL_TEXT, 127, size) + payload
