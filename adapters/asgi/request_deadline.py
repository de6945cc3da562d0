"""The deadline of a request over HTTP."""

from __future__ import annotations

from time import monotonic

from ...application.deadline import deadline_at, move_deadline
from .asgi import App, Message, Receive, Scope, Send


async def with_deadline(app: App, scope: Scope, receive: Receive, send: Send, timeout_s: float) -> None:
    """Call `app` with a deadline `timeout_s` from the request's arrival: from the end of its body, where it has one."""

    async def arriving() -> Message:
        message = await receive()
        if message["type"] == "http.request" and not message.get("more_body", False):
            move_deadline(monotonic() + timeout_s)
        return message

    with deadline_at(monotonic() + timeout_s):
        await app(scope, arriving, send)
