"""The endpoint `/ws`."""

from __future__ import annotations

from typing import Any

from litestar import WebSocket, websocket
from litestar.di import NamedDependency

from ...domain.errors import Unavailable
from .connection import Connection
from .services import Services

SUBPROTOCOL = "dialogue.v1"
MAX_REASON = 120
"""A close frame has room for 123 bytes of reason (RFC 6455, 5.5)."""


@websocket("/ws")
async def endpoint(socket: WebSocket[Any, Any, Any], services: NamedDependency[Services]) -> None:
    """Accept the socket and serve it."""
    offered = socket.scope.get("subprotocols") or []
    await socket.accept(subprotocols=SUBPROTOCOL if SUBPROTOCOL in offered else None)
    try:
        services.node.ensure_running()
    except Unavailable as error:
        await socket.close(1001, error.message[:MAX_REASON])
        return
    await Connection(socket, services).run()
