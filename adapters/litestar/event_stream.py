"""One stream of server-sent events, as the transport of a session."""

from __future__ import annotations

from litestar.types import HTTPResponseBodyEvent, Receive, Scope, Send

from ...application.ports.transport import Transport, transport_of
from ...application.sessions.frame import Closing, Frame
from ...application.sessions.listen_to_room import Listen, ListenToRoom
from ..wire.plain_transport import PlainTransport
from ..wire.sse_codec import PING, SseCodec

HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


class EventStream:
    """The ASGI app that answers the request.

    Plain ASGI, and no generator in a streaming response: what a generator holds, here a place in a room, is let go
    when it is closed, and a framework closes one whose client has gone while a chunk was being sent only later, or
    never where it was not begun.
    """

    def __init__(self, listen: ListenToRoom, codec: SseCodec, wanted: Listen) -> None:
        self._listen = listen
        self._codec = codec
        self._wanted = wanted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Join and stream; what refuses the join is raised before anything was sent."""
        client = _Client(receive, send)
        transport: Transport | None = transport_of(scope)
        if transport is not None:
            await self._listen(self._wanted, transport, self._codec, PING, client)
            return
        async with PlainTransport(client.send, client.end).running() as plain:
            await self._listen(self._wanted, plain, self._codec, PING, client)


class _Client:
    """ASGI's words for what a listener hears, and for its end."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send

    async def begin(self) -> None:
        await self._send({"type": "http.response.start", "status": 200, "headers": HEADERS})

    async def gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass  # a body, which a GET may have and nobody reads

    async def send(self, frame: Frame) -> None:
        await self._send(_body(frame.data))

    async def end(self, _closing: Closing) -> None:
        await self._send(_body(b"", more=False))


def _body(chunk: bytes, *, more: bool = True) -> HTTPResponseBodyEvent:
    return {"type": "http.response.body", "body": chunk, "more_body": more}
