"""Refusing a request before anything else sees it."""

from __future__ import annotations

from ..wire.problem import PROBLEM_JSON, problem_document
from .asgi import Receive, Scope, Send

RESPONSE_EXTENSION = "websocket.http.response"
FOREIGN_ORIGIN = 4403


class Refused(Exception):
    """A request that breaks a rule of the door; `field` is the header that breaks it."""

    def __init__(self, status: int, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self._document = problem_document(
            status,
            code,
            message if field is None else f"{field} {message}",
            None if field is None else [{"path": field, "message": message}],
        )

    async def answer(self, send: Send, kind: str = "http") -> None:
        """Send it: over HTTP, or, before a WebSocket is accepted, as `websocket.http` (ASGI's extension)."""
        headers = [
            (b"content-type", PROBLEM_JSON.encode()),
            (b"content-length", str(len(self._document)).encode()),
        ]
        await send({"type": f"{kind}.response.start", "status": self.status, "headers": headers})
        await send({"type": f"{kind}.response.body", "body": self._document, "more_body": False})


async def refuse_socket(refused: Refused, scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse a WebSocket before it is accepted; a server without the extension for that says 403."""
    await receive()
    if RESPONSE_EXTENSION in (scope.get("extensions") or {}):
        await refused.answer(send, "websocket.http")
    else:
        await send({"type": "websocket.close", "code": 1008, "reason": ""})


async def close_foreign_socket(scope: Scope, receive: Receive, send: Send) -> None:
    """Accept a WebSocket and close it with 4403: before that a server can say nothing that a browser shows the page."""
    await receive()
    offered = scope.get("subprotocols") or [None]  # a browser fails where it is given none of what it offers
    await send({"type": "websocket.accept", "subprotocol": offered[0], "headers": []})
    await send({"type": "websocket.close", "code": FOREIGN_ORIGIN, "reason": "origin not allowed"})
