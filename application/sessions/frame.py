"""What goes over a connection in one piece."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Frame:
    """An encoded message; the same object goes to every session that receives it.

    `data` never changes. A frame that `is_last` ends its session behind it. `prepared` belongs to the transports of
    one server: what they made of the frame for its way, a WebSocket's header and all, so that it is made once however
    many connections it goes to. With a `separator` the frame is several messages, which it parts; it stands in none.
    """

    data: bytes
    is_last: bool = field(default=False, kw_only=True)
    separator: bytes | None = field(default=None, kw_only=True)
    prepared: bytes | None = field(default=None, init=False, compare=False, repr=False)
    _text: str | None = field(default=None, init=False, compare=False, repr=False)

    @property
    def size(self) -> int:
        """Its bytes."""
        return len(self.data)

    @property
    def messages(self) -> list[bytes]:
        """The messages that it is, for ways on which each goes by itself."""
        return [self.data] if self.separator is None else self.data.split(self.separator)

    @property
    def text(self) -> str:
        """The message as a text, for servers that want one; decoded once."""
        if self._text is None:
            self._text = self.data.decode()
        return self._text


@dataclass(frozen=True, slots=True)
class Closing:
    """That the connection ends: the close code of `protocol.md` and a reason for people."""

    code: int
    reason: str


GOING_AWAY = Closing(1001, "the server is going down")
TOO_SLOW = Closing(4413, "too slow: more than the allowed backlog waits")
SERVER_FAULT = Closing(1011, "a fault of the server")
GONE = Closing(1006, "the client is gone")
COMPLETE = Closing(1000, "nothing more will come")
