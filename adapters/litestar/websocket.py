"""The endpoint `/ws`: a WebSocket as the transport of a session."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace
from typing import Any

from litestar import WebSocket, websocket
from litestar.di import NamedDependency

from ...application.node import Node
from ...application.ports.authenticator import claims_of
from ...application.ports.peer import peer_of
from ...application.ports.transport import ARRIVED_AT, Transport, transport_of
from ...application.sessions.frame import Closing, Frame
from ...application.sessions.limits import SessionLimits
from ...application.sessions.requests import Asked, Connect, Refresh
from ...application.sessions.serve_session import ServeSession
from ...domain.errors import Unavailable
from ..wire.plain_transport import PLAIN_ASGI, PlainAsgi, PlainTransport
from ..wire.request_reader import RequestReader
from ..wire.wire_codec import WireCodec

SUBPROTOCOL = "dialogue.v1"
FRAME_TOO_LARGE = Closing(1009, "a frame may not be so large")
MAX_REASON = 120
"""A close frame has room for 123 bytes of reason (RFC 6455, 5.5)."""

Socket = WebSocket[Any, Any, Any]


@websocket("/ws")
async def endpoint(
    socket: Socket,
    node: NamedDependency[Node],
    serve: NamedDependency[ServeSession],
    codec: NamedDependency[WireCodec],
) -> None:
    """Accept the socket and serve it."""
    offered = socket.scope.get("subprotocols") or []
    await socket.accept(subprotocols=SUBPROTOCOL if SUBPROTOCOL in offered else None)
    try:
        node.ensure_running()
    except Unavailable as error:
        await socket.close(1001, error.message[:MAX_REASON])
        return
    client = _Client(socket.scope, serve.limits)
    peer = peer_of(socket.scope)
    transport: Transport | None = transport_of(socket.scope)
    if transport is not None:
        await serve(transport, codec, client.receive, peer)
        return
    async with PlainTransport(client.send, client.close).running() as plain:
        await serve(plain, codec, client.receive, peer)


class _Client:
    """ASGI's words for what a session hears and says."""

    def __init__(self, scope: Any, limits: SessionLimits) -> None:
        self._scope = scope
        plain: PlainAsgi = scope["state"][PLAIN_ASGI]
        self._receive, self._send = plain
        self._max_frame = limits.max_frame
        self._is_gone = False
        self._requests = RequestReader(limits.max_values)

    async def receive(self) -> Asked | Closing | None:
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            self._is_gone = True
            return None
        text = message.get("text")
        if text is not None and len(text) * 4 > self._max_frame and self._is_too_large(text):
            return FRAME_TOO_LARGE
        asked = self._requests.read(text, message.get(ARRIVED_AT))
        if isinstance(asked.request, (Connect, Refresh)):
            claims = claims_of(self._scope, asked.request.claims)
            return replace(asked, request=replace(asked.request, claims=claims))
        return asked

    def send(self, frame: Frame) -> Awaitable[None]:
        if self._is_gone:  # what a server makes of a message behind the end, each decides for itself
            raise ConnectionError("the client is gone")
        return self._send({"type": "websocket.send", "text": frame.text, "bytes": None})

    def close(self, closing: Closing) -> Awaitable[None]:
        if self._is_gone:
            raise ConnectionError("the client is gone")
        return self._send({"type": "websocket.close", "code": closing.code, "reason": closing.reason})

    def _is_too_large(self, text: str) -> bool:
        # Servers bound what they read; this is for one that was not told to.
        return len(text) > self._max_frame or len(text.encode("utf-8", "replace")) > self._max_frame
