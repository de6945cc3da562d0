"""What goes over a connection in one piece."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Frame:
    """An encoded message and its size in bytes; the same object goes to every session that receives it."""

    text: str
    size: int


@dataclass(frozen=True, slots=True)
class Closing:
    """That the connection ends: the close code of `protocol.md` and a reason for people."""

    code: int
    reason: str


GOING_AWAY = Closing(1001, "the server is going down")
TOO_SLOW = Closing(4413, "too slow: more than the allowed backlog waits")
SERVER_FAULT = Closing(1011, "a fault of the server")
