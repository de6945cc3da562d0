"""A client on a WebSocket: from the beginning, or after it has polled."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from anyio import create_task_group, move_on_after

from ...application.ports.transport import ARRIVED_AT, Transport, transport_of
from ...application.sessions.frame import Closing, Frame
from ..wire.plain_transport import PlainTransport
from .connection import Connection

UPGRADE_S = 10.0
"""How long a client may take to change from polling to its WebSocket."""

PROBE, PROBED, UPGRADE = "2probe", Frame(b"3probe"), "5"

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


async def serve_socket(connection: Connection, hello: bytes, scope: Scope, receive: Receive, send: Send) -> None:
    """A client that begins with a WebSocket, until it has gone."""
    async with _transport(scope, receive, send) as socket:
        connection.change_to(socket)
        socket.write(Frame(hello))
        await _take(connection, receive)


async def upgrade_socket(connection: Connection, scope: Scope, receive: Receive, send: Send) -> None:
    """A client that polls and would rather have a WebSocket: what it was not given yet comes there, in order."""
    polling = connection.polling
    assert polling is not None, "that was asked before"
    connection.is_upgrading = True
    has_changed = False
    try:
        async with _transport(scope, receive, send) as socket:
            with move_on_after(UPGRADE_S):
                if await _text(receive) == PROBE:
                    socket.write(PROBED)
                    polling.hurry()
                    if await _text(receive) == UPGRADE and polling.is_open:
                        await socket.drained()
                        has_changed = polling.is_open
            if not has_changed:
                socket.close(1002, "no upgrade")
                await socket.drained()
                return
            connection.change_to(socket)
            await _take(connection, receive)
    finally:
        connection.is_upgrading = False
        polling.linger()


async def _take(connection: Connection, receive: Receive) -> None:
    """Take what comes until either side has ended the connection; not every server tells of an end by the session."""
    async with create_task_group() as tasks:

        async def ended() -> None:
            await connection.ended.wait()
            tasks.cancel_scope.cancel()

        tasks.start_soon(ended)
        while (message := await receive())["type"] != "websocket.disconnect":
            await connection.take(message.get("text"), message.get(ARRIVED_AT))
        tasks.cancel_scope.cancel()
    connection.end()


async def _text(receive: Receive) -> str | None:
    text: str | None = (await receive()).get("text")
    return text


@asynccontextmanager
async def _transport(scope: Scope, receive: Receive, send: Send) -> AsyncIterator[Transport]:
    """The socket, accepted; the server's own way to write to it, where it has one."""
    await receive()
    await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
    transport = transport_of(scope)
    if transport is not None:
        yield transport
        return

    async def tell(frame: Frame) -> None:
        for message in frame.messages:
            await send({"type": "websocket.send", "text": message.decode(), "bytes": None})

    async def end(closing: Closing) -> None:
        await send({"type": "websocket.close", "code": closing.code, "reason": closing.reason})

    async with PlainTransport(tell, end).running() as plain:
        yield plain
