"""A request's head, as ASGI has it."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl

if TYPE_CHECKING:
    import h11

    from .server_config import ServerConfig

Headers = list[tuple[bytes, bytes]]
KEY_SIZE = 16
"""Of a WebSocket's key, in bytes."""


def http_scope(request: h11.Request, config: ServerConfig, transport: asyncio.Transport) -> dict[str, Any]:
    """The scope of a request that came over this transport; its `state` is still to be put in."""
    raw_path, _, query = bytes(request.target).partition(b"?")
    return {
        "type": "http",
        "asgi": {"version": config.asgi_version, "spec_version": "2.3"},
        "http_version": request.http_version.decode("ascii"),
        "server": get_local_addr(transport),
        "client": get_remote_addr(transport),
        "scheme": "https" if is_ssl(transport) else "http",
        "method": request.method.decode("ascii"),
        "root_path": config.root_path,
        "path": config.root_path + unquote(raw_path.decode("ascii")),
        "raw_path": config.root_path.encode("ascii") + raw_path,
        "query_string": query,
        "headers": list(request.headers),
    }


def is_websocket(headers: Headers) -> bool:
    """Whether the client asks for a WebSocket (RFC 6455, 4.1)."""
    upgrades = [value.lower() for name, value in headers if name == b"upgrade"]
    tokens = [token.strip().lower() for name, value in headers if name == b"connection" for token in value.split(b",")]
    return upgrades[-1:] == [b"websocket"] and b"upgrade" in tokens


def flaw_of_handshake(request: h11.Request) -> str | None:
    """Why a request for a WebSocket is none that can be granted (RFC 6455, 4.2.1)."""
    if request.http_version != b"1.1":
        return "A WebSocket is asked for with HTTP/1.1."
    keys = [value for name, value in request.headers if name == b"sec-websocket-key"]
    try:
        [size] = [len(b64decode(key, validate=True)) for key in keys]
    except ValueError:
        size = 0
    return None if size == KEY_SIZE else "Sec-WebSocket-Key must be 16 bytes in base64, once."


def body_length(headers: Headers) -> int | None:
    """How long the body is, in bytes; None where that is not known before."""
    found = dict(headers)
    return None if b"transfer-encoding" in found else int(found.get(b"content-length", 0))
