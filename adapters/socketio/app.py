"""Engine.IO 4 as an ASGI application, beside another one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from anyio import create_task_group
from anyio.lowlevel import checkpoint

from ...application.node import Node
from ...application.ports.peer import peer_of
from ...domain.errors import Unavailable
from ..wire.frames import json_bytes
from .connection import Connection
from .connections import Connections
from .packet_reader import load_grammar
from .socket_ways import serve_socket, upgrade_socket

PATH = "/socket.io"
PROTOCOL = "4"
MAX_QUERY = 2_048
PACKETS_A_TURN = 64
"""So many packets of one body are taken before others have their turn: most of a million are taken for nothing."""

Scope = Mapping[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]


class Refused(Exception):
    """A request that cannot be served: Engine.IO's number for the kind of reason, and the reason."""

    def __init__(self, number: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status
        self.body = json_bytes({"code": number, "message": message})


def unknown_transport() -> Refused:
    """The first of the reasons that Engine.IO names."""
    return Refused(0, "Transport unknown: transport must be polling or websocket")


class BesideSocketIo:
    """Answers for Socket.IO below its path, and hands everything else to `app`."""

    def __init__(self, app: App, node: Callable[[], Node], connections: Callable[[], Connections]) -> None:
        self._app = app
        self._node = node
        self._connections = connections

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] in ("http", "websocket") and scope["path"].rstrip("/") == PATH:
            await self._serve(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        await load_grammar()
        try:
            query = _query(scope)
            if scope["type"] == "websocket":
                await self._socket(scope, query, receive, send)
            else:
                await self._http(scope, query, receive, send)
        except Unavailable as error:
            await _refuse(scope, Refused(3, error.message, 503), receive, send)
        except Refused as refused:
            await _refuse(scope, refused, receive, send)

    # --- WebSocket

    async def _socket(self, scope: Scope, query: Mapping[str, str], receive: Receive, send: Send) -> None:
        if query.get("transport") != "websocket":
            raise unknown_transport()
        if "sid" not in query:
            connection = self._opened(scope, query)
            await serve_socket(connection, self._open_packet(connection, upgrades=[]), scope, receive, send)
            return
        connection = self._found(query["sid"])
        if connection.polling is None or connection.is_upgrading:
            raise Refused(3, "Bad request: this session has a WebSocket")
        await upgrade_socket(connection, scope, receive, send)

    # --- Polling

    async def _http(self, scope: Scope, query: Mapping[str, str], receive: Receive, send: Send) -> None:
        if query.get("transport") != "polling":
            raise unknown_transport()
        if "j" in query:
            raise Refused(3, "Bad request: JSONP is not supported")
        if "sid" not in query:
            if scope["method"] != "GET":
                raise Refused(2, "Bad handshake method: it must be GET")
            connection = self._opened(scope, query)
            await _answer(send, self._open_packet(connection, upgrades=["websocket"]))
            return
        connection = self._found(query["sid"])
        if connection.polling is None:
            raise Refused(3, "Bad request: this session has a WebSocket")
        if scope["method"] == "GET":
            await self._poll(connection, receive, send)
        elif scope["method"] == "POST":
            await self._post(connection, scope, receive, send)
        else:
            raise Refused(3, "Bad request: the method must be GET or POST", 405)

    async def _poll(self, connection: Connection, receive: Receive, send: Send) -> None:
        polling = connection.polling
        assert polling is not None, "that was asked before"
        if connection.is_polling:
            connection.end()
            raise Refused(3, "Bad request: two requests of one session ask at once")
        connection.is_polling = True
        payload: bytes | None = None
        try:
            async with create_task_group() as tasks:

                async def watch() -> None:
                    while (await receive())["type"] != "http.disconnect":
                        pass
                    tasks.cancel_scope.cancel()

                tasks.start_soon(watch)
                payload = await polling.poll()
                tasks.cancel_scope.cancel()
        finally:
            connection.is_polling = False
        if payload is None:
            connection.end()  # whoever asks for what there is, and goes, would not know what it has missed
            return
        await _answer(send, payload)

    async def _post(self, connection: Connection, scope: Scope, receive: Receive, send: Send) -> None:
        if connection.is_posting:
            connection.end()
            raise Refused(3, "Bad request: two requests of one session send at once")
        connection.is_posting = True
        try:
            for number, packet in enumerate(_packets(await self._body(connection, scope, receive)), 1):
                await connection.take(packet)
                if number % PACKETS_A_TURN == 0:
                    await checkpoint()
        finally:
            connection.is_posting = False
        await _answer(send, b"ok")

    async def _body(self, connection: Connection, scope: Scope, receive: Receive) -> str:
        limit = self._connections().limits.max_out_frame
        parts: list[bytes] = []
        size = 0
        length = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        is_too_large = length.isdigit() and int(length[:20]) > limit
        while not is_too_large:
            message = await receive()
            if message["type"] == "http.disconnect":
                connection.end()
                raise Refused(3, "Bad request: the client has gone")
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            is_too_large = size > limit
            if not message.get("more_body", False):
                break
        if is_too_large:
            connection.end()
            raise Refused(3, f"Bad request: a body may have at most {limit} bytes", 413)
        try:
            return b"".join(parts).decode()
        except UnicodeDecodeError:
            connection.end()
            raise Refused(3, "Bad request: the body must be UTF-8") from None

    # --- Both

    def _opened(self, scope: Scope, query: Mapping[str, str]) -> Connection:
        if query.get("EIO") != PROTOCOL:
            raise Refused(
                5, f"Unsupported protocol version: EIO must be {PROTOCOL}, as in socket.io-client 3.0 and later"
            )
        self._node().ensure_running()  # whoever is there already gets what waits, and the close
        connections = self._connections()
        if connections.is_full:
            connections.turned_away()
            raise Refused(4, "Forbidden: too many clients are connecting at once", 503)
        if connections.has_enough(peer_of(scope)):
            connections.turned_away()
            raise Refused(4, "Forbidden: too many connections of one address are open", 429)
        return connections.open(scope, counts=query.get("recovery") != "0")

    def _open_packet(self, connection: Connection, upgrades: list[str]) -> bytes:
        limits = self._connections().limits
        fields = {
            "sid": connection.sid,
            "upgrades": upgrades,
            "pingInterval": int(limits.session.heartbeat_s * 1_000),
            "pingTimeout": int(limits.heartbeat_timeout_s * 1_000),
            "maxPayload": limits.session.max_frame,
        }
        return b"0" + json_bytes(fields)

    def _found(self, sid: str) -> Connection:
        connections = self._connections()
        connection = connections.find(sid)
        if connection is not None:
            return connection
        if connections.is_elsewhere(sid):
            raise Refused(
                1,
                "Session ID unknown: it was given by another worker, or before a restart. With several workers polling "
                "needs a proxy that leads each client to one of them; WebSocket does not: transports: ['websocket']",
            )
        raise Refused(1, "Session ID unknown: the session has ended")


def _query(scope: Scope) -> Mapping[str, str]:
    sent: bytes = scope.get("query_string") or b""
    if len(sent) > MAX_QUERY:
        raise Refused(3, f"Bad request: a query may have at most {MAX_QUERY} bytes")
    return dict(parse_qsl(sent.decode("latin-1"), keep_blank_values=True))


def _packets(payload: str) -> Any:
    """The packets of a payload, one after the other: as a list, a million of them would be made at once."""
    begin = 0
    while begin <= len(payload):
        end = payload.find("\x1e", begin)
        end = len(payload) if end < 0 else end
        packet = payload[begin:end]
        yield None if packet.startswith("b") else packet
        begin = end + 1


async def _answer(send: Send, body: bytes, status: int = 200, kind: bytes = b"text/plain; charset=UTF-8") -> None:
    headers = [
        (b"content-type", kind),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def _refuse(scope: Scope, refused: Refused, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await _answer(send, refused.body, refused.status, b"application/json")
        return
    await receive()
    if "websocket.http.response" not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close", "code": 1008, "reason": ""})
        return
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(refused.body)).encode())]
    await send({"type": "websocket.http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": refused.body, "more_body": False})
