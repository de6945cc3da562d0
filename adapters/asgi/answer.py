"""What every answer over HTTP has in common."""

from __future__ import annotations

import re

from .asgi import Headers, Message, Send, header

METHODS = b"GET, HEAD, POST, DELETE"
READABLE = b"Link, Retry-After"
"""The headers that pages of other origins may read."""
PREFLIGHT_AGE_S = 600
_NAMES = re.compile(r"[A-Za-z0-9_, -]*")

_VARY = (b"vary", b"Origin")


def across_origins(origin: str, *, credentials: bool) -> Headers:
    """What lets a page of that origin read the answer; with `credentials` also where it sent cookies along."""
    return [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-expose-headers", READABLE),
        _VARY,
        *([(b"access-control-allow-credentials", b"true")] if credentials else []),
    ]


async def answer_preflight(scope: Message, origin: str, send: Send, *, credentials: bool) -> None:
    """Answer a browser's question whether a page of that origin, which is allowed, may make a call."""
    wanted = header(scope, b"access-control-request-headers") or ""
    allowed = wanted.encode() if _NAMES.fullmatch(wanted) else b""
    headers: Headers = [
        *across_origins(origin, credentials=credentials),
        (b"access-control-allow-methods", METHODS),
        (b"access-control-allow-headers", allowed),
        (b"access-control-max-age", str(PREFLIGHT_AGE_S).encode()),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


class Answer:
    """The `send` of one request. It makes its own headers, and never changes those that it is given: they are shared.

    `origin` is the page that may read the answer, None for any other. For HEAD (`only_head`) the body is left out.
    """

    def __init__(self, send: Send, *, origin: str | None, only_head: bool, credentials: bool = False) -> None:
        self._send = send
        self._origin = origin
        self._only_head = only_head
        self._credentials = credentials
        self._is_over = False

    async def __call__(self, message: Message) -> None:
        """Send a part of the answer."""
        if message["type"] == "http.response.start":
            await self._send({**message, "headers": [*self._headers(message.get("headers") or ())]})
        elif not self._only_head:
            await self._send(message)
        elif not self._is_over:
            self._is_over = True
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    def _headers(self, given: Headers | tuple[()]) -> Headers:
        headers = [(name, _with_head(value) if name.lower() == b"allow" else value) for name, value in given]
        if any(name.lower() == b"access-control-allow-origin" for name, _ in headers):
            return headers  # a file that every page may load
        return [
            *headers,
            *(across_origins(self._origin, credentials=self._credentials) if self._origin is not None else [_VARY]),
        ]


def _with_head(methods: bytes) -> bytes:
    named = {method.strip() for method in methods.split(b",")} - {b"", b"websocket"}
    return b", ".join(sorted(named | ({b"HEAD"} if b"GET" in named else set())))
