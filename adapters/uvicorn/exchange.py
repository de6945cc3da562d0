"""One HTTP request and its answer, as ASGI has them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

import h11

from .gathered_writes import write_or_end

if TYPE_CHECKING:
    from uvicorn._types import ASGIReceiveEvent, ASGISendEvent

BODY_AHEAD = 65_536
AT_ONCE = 65_536
"""So many bytes of an answer are not kept until the turn of the loop ends, but written."""
CLOSE = (b"connection", b"close")

logger = logging.getLogger("dialogue.server")


class Way(Protocol):
    """What an exchange needs of the connection that it is made over."""

    transport: asyncio.Transport
    writable: asyncio.Event

    @property
    def default_headers(self) -> list[tuple[bytes, bytes]]:
        """The headers that each answer has."""
        ...

    def read_on(self) -> None:
        """The application wants more of the body."""
        ...

    def at_end_of_turn(self, flush: Callable[[], None]) -> None:
        """Call `flush` once, behind all that runs in this turn of the loop."""
        ...

    def answer_begins(self) -> bool:
        """The answer is about to begin; whether another request may follow it."""
        ...

    def answered(self) -> None:
        """The answer was written as a whole, or will never be."""
        ...


class Exchange:
    """Gives the application the request's body, and writes its answer.

    The body that waits for the application is bounded: past `BODY_AHEAD` it `has_enough`, and nothing more is read.
    What is written of the answer in one turn of the loop goes out together: its head alone would wake the client twice.
    """

    def __init__(self, scope: dict[str, Any], connection: h11.Connection, way: Way) -> None:
        self.scope = scope
        self.is_begun = False
        self.is_answered = False
        self.is_disconnected = False
        self.is_chunked = False
        self.must_close = False
        self._connection = connection
        self._way = way
        self.expects_100 = connection.they_are_waiting_for_100_continue
        self._body = bytearray()
        self._gathered = bytearray()
        self._has_more = True
        self._moved = asyncio.Event()

    @property
    def has_enough(self) -> bool:
        """Whether the application should take of the body before more is read."""
        return len(self._body) >= BODY_AHEAD and not self.is_answered

    # --- What comes

    def take(self, data: bytes | bytearray) -> None:
        """The next part of the body; once the answer is whole it is dropped."""
        if not self.is_answered:
            self._body += data
            self._moved.set()

    def end_body(self) -> None:
        """The body is whole."""
        self._has_more = False
        self._moved.set()

    def disconnect(self) -> None:
        """The client has gone, or is not waited for any longer."""
        self.is_disconnected = True
        self._moved.set()

    # --- The application

    async def run(self, application: Callable[..., Any]) -> None:
        """Let the application answer."""
        try:
            await application(self.scope, self.receive, self.send)
        except Exception:
            if not self.is_disconnected:
                logger.exception("an HTTP request failed")
        if not self.is_begun and not self.is_disconnected:
            logger.error("an HTTP request was not answered")
            await self._fail()
        if not self.is_answered:
            self.must_close = True
            self.finish()

    async def receive(self) -> ASGIReceiveEvent:
        """As ASGI has it."""
        if self.expects_100 and not self._way.transport.is_closing():
            self.expects_100 = False
            self._write(h11.InformationalResponse(status_code=100, headers=[], reason="Continue"))
        if not self.is_disconnected and not self.is_answered:
            self._way.read_on()
            await self._moved.wait()
            self._moved.clear()
        if self.is_disconnected or self.is_answered:
            return {"type": "http.disconnect"}
        body, self._body = bytes(self._body), bytearray()
        return {"type": "http.request", "body": body, "more_body": self._has_more}

    async def send(self, message: ASGISendEvent) -> None:
        """As ASGI has it."""
        await self._way.writable.wait()
        if self.is_disconnected:
            return
        if message["type"] == "http.response.start" and not self.is_begun:
            self._begin(message["status"], list(message.get("headers", [])))
        elif message["type"] == "http.response.body" and self.is_begun and not self.is_answered:
            self.go_on(message.get("body", b""))
            if not message.get("more_body", False):
                self.end()
        else:
            raise RuntimeError(f"{message['type']!r} has no place here in an answer")

    def go_on(self, body: bytes) -> None:
        """Write a part of the answer's body."""
        if body and self.scope["method"] != "HEAD":
            self._write(h11.Data(data=body))

    def end(self) -> None:
        """Write the answer's end."""
        self._write(h11.EndOfMessage())
        self.must_close |= self._connection.our_state is h11.MUST_CLOSE
        self.finish()

    def finish(self) -> None:
        """Nothing more comes of the answer."""
        self.is_answered = True
        self._moved.set()
        self.flush()
        self._way.answered()

    def _begin(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.is_begun = True
        has_length = any(name.lower() == b"content-length" for name, _ in headers)
        self.is_chunked = self.scope["http_version"] == "1.1" and self.scope["method"] != "HEAD" and not has_length
        if not self._way.answer_begins():
            self.must_close = True
            headers = [*headers, CLOSE]
        self.expects_100 = False
        headers = [*self._way.default_headers, *headers]
        self._write(h11.Response(status_code=status, headers=headers, reason=_phrase(status)))

    async def _fail(self) -> None:
        headers = [(b"content-type", b"text/plain; charset=utf-8"), CLOSE]
        await self.send({"type": "http.response.start", "status": 500, "headers": headers})
        await self.send({"type": "http.response.body", "body": b"Internal Server Error", "more_body": False})

    def _write(self, event: h11.Event) -> None:
        written = self._connection.send(event)
        if written:
            self.write(written)

    def write(self, data: bytes) -> None:
        """Write what is a part of the answer as it goes over the connection."""
        if not self._gathered:
            self._way.at_end_of_turn(self.flush)
        self._gathered += data
        if len(self._gathered) >= AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Write what was gathered, now."""
        if not self._gathered:
            return
        gathered, self._gathered = self._gathered, bytearray()
        write_or_end(self._way.transport, gathered)


def _phrase(status: int) -> bytes:
    try:
        return HTTPStatus(status).phrase.encode()
    except ValueError:
        return b""
