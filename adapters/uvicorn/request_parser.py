"""HTTP/1.1 requests of one connection, read by h11 in pieces of a bounded cost."""

from __future__ import annotations

import re
from http import HTTPStatus

import h11

from .intake import Intake

MAX_HEAD = 16_384
MAX_HEADERS = 100
MAX_TARGET = 8_000
MAX_HOST = 260
"""A name has at most 253 characters, and a port five more; what decodes longer ones takes time by their square."""

BODY_BITE = 4_096
"""So many bytes of a body are given to h11 at once; what it cannot use yet, a chunk's extension or trailers, may be as
long again."""

_HEAD_END = re.compile(rb"\n\r?\n")


class BadRequest(Exception):
    """What came is no request that can be answered; the connection must end with this status."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status

    @property
    def answer(self) -> bytes:
        """What the client is told."""
        reason = self.reason.encode()
        lines = [
            f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}",
            "connection: close",
            "content-type: text/plain; charset=utf-8",
            f"content-length: {len(reason)}",
        ]
        return "\r\n".join([*lines, "", ""]).encode() + reason


class RequestParser:
    """Gives the events of one request after the other; each costs little, whatever was sent.

    h11 gets a head when it is there as a whole and within its bounds, since it has none for many short headers, and a
    body in small bites. A new `connection` is begun for each request, so that one request's rest cannot reach the next.
    """

    def __init__(self, intake: Intake) -> None:
        self.head = b""
        self._intake = intake
        self.connection = self._new()

    @property
    def is_idle(self) -> bool:
        """Whether nothing of a request was taken yet."""
        return self.connection.their_state is h11.IDLE

    @property
    def is_inside_body(self) -> bool:
        """Whether a request's head was taken, and not yet all of its body."""
        return self.connection.their_state is h11.SEND_BODY

    def next_event(self) -> h11.Request | h11.Data | h11.EndOfMessage | None:
        """The next part of the request, None where it is not there yet or was the last; raises BadRequest."""
        if not self.is_idle and not self.is_inside_body:
            return None
        if self.is_idle and not self._feed_head():
            return None
        try:
            event = self.connection.next_event()
            if event is h11.NEED_DATA and self.is_inside_body and self._intake:
                self.connection.receive_data(self._intake.take(BODY_BITE))
                event = self.connection.next_event()
        except h11.RemoteProtocolError as error:
            raise BadRequest("Invalid HTTP request received.", error.error_status_hint) from error
        if isinstance(event, h11.Request):
            _check(event)
        return event if isinstance(event, (h11.Request, h11.Data, h11.EndOfMessage)) else None

    def begin_next(self) -> None:
        """The request was answered, and all of it was parsed: begin the next."""
        self._intake.put_back(self.connection.trailing_data[0])
        self.connection = self._new()

    def take_rest(self) -> bytes:
        """What was read behind the request's head, which another protocol is to take."""
        return self.connection.trailing_data[0] + self._intake.take(len(self._intake))

    def _feed_head(self) -> bool:
        begun = self._intake.peek(MAX_HEAD)
        end = _HEAD_END.search(begun)
        head = begun[: end.end()] if end else begun
        if head.count(b"\n") > MAX_HEADERS + 2:
            raise BadRequest(f"A request may have at most {MAX_HEADERS} headers.", 431)
        if end is None and len(begun) == MAX_HEAD:
            raise BadRequest(f"A request's head may have at most {MAX_HEAD} bytes.", 431)
        if end is None and begun[:1] >= b"!":
            return False
        if not begun:
            return False
        # As a whole; or its beginning, where that cannot begin a request and is refused at once.
        self.head = self._intake.take(len(head))
        self.connection.receive_data(self.head)
        return True

    def _new(self) -> h11.Connection:
        return h11.Connection(h11.SERVER, BODY_BITE)


def _check(request: h11.Request) -> None:
    names = {name for name, _ in request.headers}
    # Two lengths are how one request is smuggled into another (RFC 9112, 6.1).
    if b"content-length" in names and b"transfer-encoding" in names:
        raise BadRequest("A request has Content-Length or Transfer-Encoding, not both.")
    if len(request.target) > MAX_TARGET:
        raise BadRequest(f"A request's target may have at most {MAX_TARGET} bytes.", 414)
    if any(name == b"host" and len(value) > MAX_HOST for name, value in request.headers):
        raise BadRequest(f"Host may have at most {MAX_HOST} bytes.")
