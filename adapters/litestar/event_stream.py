"""One stream of server-sent events from its join to its end."""

from __future__ import annotations

from collections.abc import Iterable
from secrets import token_urlsafe

from anyio import CancelScope, create_task_group, move_on_after, sleep_forever
from litestar.types import HTTPResponseBodyEvent, Receive, Scope, Send

from ...application.ports.transport import transport_of
from ...application.sessions.frame import Frame
from ...application.sessions.outbox import Outbox
from ...application.sessions.session import Session
from ...domain.position import Position
from ..wire.sse_codec import PING, Farewell, opening
from .services import Services

CUT = "dialogue.cut"
"""Under this name a server may put a function into the state of a connection's scope that ends the connection at once:
ASGI has no word for it."""

PATIENCE_S = 5.0
HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


class EventStream:
    """A session of its own that is in one room and only listens; the ASGI app that answers the request.

    Plain ASGI, and no generator in a streaming response: what a generator holds, here a place in a room, is let go
    when it is closed, and a framework closes one whose client has gone while a chunk was being sent only later, or
    never where it was not begun.
    """

    def __init__(
        self, services: Services, *, user_id: str, room_id: str, names: Iterable[str] | None, since: Position | None
    ) -> None:
        limits = services.limits
        self._services = services
        self._room_id = room_id
        self._names = names
        self._since = since
        self._sending = CancelScope()
        self._outbox = Outbox(limits.max_backlog_frames, limits.max_backlog_bytes, self._sending.cancel)
        self._session = Session(
            session_id=token_urlsafe(12), user_id=user_id, codec=services.sse_codec, outbox=self._outbox
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Join and stream; what refuses the join is raised before anything was sent."""
        hub = self._services.hub
        # No await between these two: a stop closes all that are attached, and lets nobody through afterwards.
        self._services.node.ensure_running()
        hub.attach(self._outbox)
        try:
            joined = await self._services.join(self._session, self._room_id, events=self._names, since=self._since)
            # Behind the answer, since that does not go through the outbox.
            self._services.join.release(self._session, self._room_id)
            async with create_task_group() as tasks:
                tasks.start_soon(_await_disconnect, receive, tasks.cancel_scope)
                with self._sending:
                    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
                    await send(_body(b"".join(opening(joined))))
                    await self._write(send)
                hub.disconnect(self._session)
                await self._end(scope, send)
                tasks.cancel_scope.cancel()
        finally:
            hub.disconnect(self._session)
            hub.detach(self._outbox)

    async def _write(self, send: Send) -> None:
        while True:
            item: object = PING
            with move_on_after(self._services.limits.heartbeat_s):
                item = await self._outbox.next()
            if not isinstance(item, Frame):
                return
            await send(_body(item.data))
            if isinstance(item, Farewell):
                return

    async def _end(self, scope: Scope, send: Send) -> None:
        if not self._sending.cancel_called:
            with move_on_after(PATIENCE_S):
                await send(_body(b"", more=False))
                return
        # The client does not take what it is sent, so it would not take an end either.
        transport = transport_of(scope)
        cut = scope.get("state", {}).get(CUT) if transport is None else transport.abort
        if cut is not None:
            cut()
            with move_on_after(PATIENCE_S):
                await sleep_forever()  # until the disconnect is heard of, which cancels this


async def _await_disconnect(receive: Receive, scope: CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass  # a body, which a GET may have and nobody reads
    scope.cancel()


def _body(chunk: bytes, *, more: bool = True) -> HTTPResponseBodyEvent:
    return {"type": "http.response.body", "body": chunk, "more_body": more}
