"""Cutting what a client sends at the ends of its WebSocket frames (RFC 6455, 5.2)."""

from __future__ import annotations

import sys

from .intake import BYTES_A_TURN, Intake

FINAL = 0x80
FINAL_TEXT = 0x81
CONTROL = 0x08
MASKED = 0x80
LONGEST_HEAD = 14
LEGAL = frozenset({0x00, 0x01, 0x02, 0x80, 0x81, 0x82, 0x88, 0x89, 0x8A})
"""How a frame may begin, where no extension is agreed upon."""
LONGEST_CONTROL = 125


class FrameCutter:
    """Takes one frame after the other out of an intake, and reads the plain ones: a text in one frame, wholly there.

    Nearly all that clients send is of that kind, and a parser in Python takes longer for it than all that is done with
    the request behind it. All other frames, wrong ones above all, are for the parser.
    """

    def __init__(self, intake: Intake, max_text: int) -> None:
        self._intake = intake
        self._max_text = max_text
        self._left = 0  # of the frame in hand, which the parser gets as it comes
        self._is_amid_message = False
        self.needed = 1
        """So many bytes have to be there before it is worth asking for the next frame."""

    def take(self) -> str | bytes:
        """The next text, or bytes for the parser; none where more bytes are `needed` first."""
        if self._left:
            return self._for_parser()
        head = self._intake.peek(LONGEST_HEAD)
        if len(head) < 2:
            return self._wait_for(2)
        first, second = head[0], head[1]
        length = second & 0x7F
        if not second & MASKED or first not in LEGAL or (first & CONTROL and length > LONGEST_CONTROL):
            return self._wrong()
        begin, shortest = 6, 0
        if length > LONGEST_CONTROL:
            begin, shortest = (8, 126) if length == 126 else (14, 1 << 16)
            if len(head) < begin - 4:
                return self._wait_for(begin - 4)
            length = int.from_bytes(head[2 : begin - 4], "big")
            if length < shortest or length >> 63:
                return self._wrong()
        if len(head) < begin:
            return self._wait_for(begin)
        end = begin + length
        if first == FINAL_TEXT and length <= self._max_text and not self._is_amid_message:
            return self._text(begin, end)
        if not first & CONTROL:
            self._is_amid_message = not first & FINAL
        self._left = end
        return self._for_parser()

    def _text(self, begin: int, end: int) -> str | bytes:
        if len(self._intake) < end:
            return self._wait_for(end)
        self.needed = 1
        frame = self._intake.take(end)
        try:
            return _unmasked(frame[begin - 4 : begin], frame[begin:]).decode()
        except UnicodeDecodeError:
            return frame

    def _wrong(self) -> bytes:
        """An error, whatever comes; the parser may want more of it before it says so."""
        self._left = sys.maxsize
        return self._for_parser()

    def _for_parser(self) -> bytes:
        self.needed = 1
        taken = self._intake.take(min(self._left, BYTES_A_TURN))
        self._left -= len(taken)
        return taken

    def _wait_for(self, size: int) -> bytes:
        self.needed = size
        return b""


def _unmasked(mask: bytes, payload: bytes) -> bytes:
    size = len(payload)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")
