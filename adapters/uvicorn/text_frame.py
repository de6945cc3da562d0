"""Server frames (RFC 6455, 5.2)."""

from __future__ import annotations

from struct import pack

FINAL_TEXT = 0x81


def text_frame(payload: bytes) -> bytes:
    """A text, which is given in UTF-8, as one unmasked frame."""
    size = len(payload)
    if size < 126:
        return pack("!BB", FINAL_TEXT, size) + payload
    if size < 1 << 16:
        return pack("!BBH", FINAL_TEXT, 126, size) + payload
    return pack("!BBQ", FINAL_TEXT, 127, size) + payload
