"""The words of ASGI 3, typed as widely as every server and framework has them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]
"""An application: `(scope, receive, send)`, in whatever types its framework gives these."""

Header = tuple[bytes, bytes]
Headers = list[Header]


def header(scope: Scope, name: bytes) -> str | None:
    """The one value of a header, None where it is missing; several are joined, which no rule of ours then accepts."""
    values = [value for found, value in scope["headers"] if found == name]
    return b",".join(values).decode("latin-1") if values else None
