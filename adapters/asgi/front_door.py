"""The outermost layer: what is asked of every request, whichever way it comes in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any

from anyio import sleep

from ...application.ports.authenticator import SEEN
from ...application.ports.peer import PEER, Peer
from ...application.sessions.serve_session import WARNED_S
from ...domain.errors import Forbidden
from ..wire.plain_transport import PLAIN_ASGI, PlainAsgi
from .answer import Answer, answer_preflight
from .asgi import App, Receive, Scope, Send, header
from .hidden_token import hide_token
from .host_policy import HostPolicy
from .origin_policy import OriginPolicy
from .path import NotThere, Path
from .refusal import Refused, close_foreign_socket, refuse_socket
from .request_deadline import with_deadline
from .visitors import Visitors

JSON = "application/json"
TOO_MANY = 429
OF_A_CALL = 5
"""As so many requests of its address a call over HTTP counts, since it takes the server several times as long as what
is asked over a WebSocket. What clients of Socket.IO poll counts once: others publish what they poll for."""
_READING = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_WITH_A_BODY = frozenset({"POST"})

Seen = Callable[[Scope], Mapping[str, object]]
"""What the server itself sees of who asks, as claims for the authenticator. Raises Refused."""


class FrontDoor:
    """Lets through to `app` what names this server, comes from a page that may do so, and is written as it must be.

    `app` gets a scope of its own, in which the path is that below the mount, with the segments escaped (`Path.escaped`)
    and GET in place of HEAD. A HEAD of a stream stays one, since a GET would join the room.
    """

    def __init__(
        self,
        app: App,
        *,
        hosts: HostPolicy,
        origins: OriginPolicy,
        seen: Seen,
        visitors: Visitors,
        request_timeout_s: float,
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._origins = origins
        self._seen = seen
        self._visitors = visitors
        self._request_timeout_s = request_timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] == "http":
            await self._http(hide_token(scope), receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(hide_token(scope), receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"]
        origin = header(scope, b"origin")
        is_allowed = self._hosts.allows(host := header(scope, b"host")) and self._allows(origin, host)
        answer = Answer(
            send,
            origin=origin if is_allowed else None,
            only_head=method == "HEAD",
            credentials=self._origins.credentials,
        )
        peer = self._visitors.find_peer(scope)
        try:
            self._visitors.ensure("requests", peer)
            path = self._path(scope)
            if not path.is_socketio:
                self._visitors.ensure("requests", peer, OF_A_CALL - 1)
            opens = path.is_stream or path.is_socketio
            if origin is not None and not is_allowed and (method not in _READING or opens):
                raise Refused.of_header(403, Forbidden.code, "Origin", "must be an origin that this server allows")
            if origin is not None and method == "OPTIONS" and header(scope, b"access-control-request-method"):
                if not is_allowed:
                    raise Refused.of_header(403, Forbidden.code, "Origin", "must be an origin that this server allows")
                await answer_preflight(scope, origin, send, credentials=self._origins.credentials)
                return
            if method not in _READING and not path.is_socketio and (method in _WITH_A_BODY or _has_body(scope)):
                _refuse_other_types(scope)
            if path.without_slash is not None and method in ("GET", "HEAD"):
                await _redirect(path.without_slash, scope, answer)
                return
            if path.is_stream and method == "GET":
                self._visitors.ensure("connections", peer)
            inner = self._inner(scope, path, peer)
            if method == "HEAD" and not opens:
                inner["method"] = "GET"
            with self._visitors.connected(peer) if path.is_stream else nullcontext():
                await with_deadline(self._app, inner, receive, answer, self._request_timeout_s)
        except Refused as refused:
            self._visitors.turned_away(refused.code)
            if refused.status == TOO_MANY:
                await sleep(WARNED_S)
            await refused.answer(answer)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        peer = self._visitors.find_peer(scope)
        try:
            self._visitors.ensure("connections", peer)
            inner = self._inner(scope, self._path(scope), peer)
            origin = header(scope, b"origin")
            inner["state"][PLAIN_ASGI] = PlainAsgi(receive, send)
            with self._visitors.connected(peer):
                if origin is not None and not self._allows(origin, header(scope, b"host")):
                    self._visitors.turned_away(Forbidden.code)
                    await close_foreign_socket(scope, receive, send)
                else:
                    await self._app(inner, receive, send)
        except Refused as refused:
            self._visitors.turned_away(refused.code)
            await refuse_socket(refused, scope, receive, send)

    def _path(self, scope: Scope) -> Path:
        """The path, below a host that may ask for it."""
        try:
            path = Path.of(scope)
        except NotThere as error:
            self._check_host(scope)
            raise Refused(404, "NOT_FOUND", str(error)) from error
        if not path.is_health:
            self._check_host(scope)
        return path

    def _allows(self, origin: str | None, host: str | None) -> bool:
        return origin is not None and self._origins.allows(origin, host or "")

    def _check_host(self, scope: Scope) -> None:
        host = header(scope, b"host")
        if not self._hosts.allows(host):
            text = f"must be a name of this server, not {(host or '')[:255]!r}: list it in --allowed-hosts"
            raise Refused.of_header(400, "INVALID_REQUEST", "Host", text)

    def _inner(self, scope: Scope, path: Path, peer: Peer) -> dict[str, Any]:
        state = {**(scope.get("state") or {}), SEEN: self._seen(scope), PEER: peer}
        return {**scope, "path": path.escaped, "root_path": "", "path_params": {}, "state": state}


def _has_body(scope: Scope) -> bool:
    return header(scope, b"transfer-encoding") is not None or (header(scope, b"content-length") or "0") != "0"


def _refuse_other_types(scope: Scope) -> None:
    # What a form or a script of any page can send without asking first is never this type.
    kind = header(scope, b"content-type") or ""
    if kind.partition(";")[0].strip().lower() != JSON:
        raise Refused.of_header(415, "INVALID_REQUEST", "Content-Type", f"must be {JSON}")


async def _redirect(place: bytes, scope: Scope, send: Send) -> None:
    """To the same place with a slash, without which the page's own files would be looked for beside it."""
    query = b"?" + scope["query_string"] if scope.get("query_string") else b""
    location = b"./" + place.rpartition(b"/")[2] + b"/" + query
    await send({"type": "http.response.start", "status": 307, "headers": [(b"location", location)]})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
