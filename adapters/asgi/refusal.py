"""Refusing a request before anything else sees it."""

from __future__ import annotations

from collections.abc import Sequence

from ..wire.problem import PROBLEM_JSON, problem_document
from .asgi import Header, Receive, Scope, Send

RESPONSE_EXTENSION = "websocket.http.response"
FOREIGN_ORIGIN = 4403


class Refused(Exception):
    """A request that breaks a rule of the door, with what a program can act on, and headers for the answer."""

    def __init__(
        self, status: int, code: str, message: str, *, details: object = None, headers: Sequence[Header] = ()
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self._headers = headers
        self._document = problem_document(status, code, message, details)

    @classmethod
    def of_header(cls, status: int, code: str, name: str, message: str) -> Refused:
        """The common case: one header breaks it."""
        return cls(status, code, f"{name} {message}", details=[{"path": name, "message": message}])

    async def answer(self, send: Send, kind: str = "http") -> None:
        """Send it: over HTTP, or, before a WebSocket is accepted, as `websocket.http` (ASGI's extension)."""
        headers = [
            (b"content-type", PROBLEM_JSON.encode()),
            (b"content-length", str(len(self._document)).encode()),
            *self._headers,
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
