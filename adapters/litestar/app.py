"""The Litestar application."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from litestar import Litestar, Request
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Tag
from litestar.plugins.pydantic import PydanticPlugin

from ...application.node import Node
from ...domain.errors import DialogueError
from .health import LIVE, live, ready
from .http_events import get_history, post_event, redact_event
from .http_rooms import get_room, list_rooms
from .http_stream import head_stream, stream_events
from .problems import failed, not_routed, refused
from .web_page import page_routes
from .websocket import endpoint

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]

DESCRIPTION = """Rooms of typed events whose history does not end.

What happens live goes over the WebSocket at `/ws` (subprotocol `dialogue.v1`); here are the calls beside it.
"""


class FrontedApp(Litestar):
    """A Litestar application that every request reaches through `front` alone."""

    def __init__(self, front: Callable[..., Any], **options: Any) -> None:
        super().__init__(**options)
        self._fronted = front(super().__call__)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """As ASGI has it."""
        await self._fronted(scope, receive, send)


def build_app(
    node: Callable[[], Node],
    dependencies: Mapping[str, Callable[[], object]],
    *,
    version: str,
    max_frame: int,
    front: Callable[..., Any],
    unescape: Callable[[str], str],
    page: Path | None,
    lifespan: Lifespan,
) -> Litestar:
    """The app around `node` and its other `dependencies`, by the names under which handlers ask for them.

    Nothing of them is made before the first request comes. `front` is what stands in front of the app, and `unescape`
    undoes what it has done to the segments of a path so that a `/` in them does not part them.
    `page` is the folder of the web page, None for a server without one.
    """

    async def before_request(request: Request[Any, Any, Any]) -> None:
        if request.scope["path"] != LIVE:
            node().ensure_running()
        # A dictionary of its own: the router shares the one that it gives among all requests of this path.
        params = request.scope["path_params"]
        request.scope["path_params"] = {name: unescape(value) for name, value in params.items()}

    reading = [list_rooms, get_room, get_history, stream_events, head_stream]
    handlers = [endpoint, *reading, post_event, redact_event, live, ready]
    return FrontedApp(
        front,
        route_handlers=[*handlers, *(page_routes(page) if page else ())],
        dependencies={name: _provided(make) for name, make in {"node": node, **dependencies}.items()},
        exception_handlers={DialogueError: refused, HTTPException: not_routed, Exception: failed},
        before_request=before_request,
        lifespan=[lifespan],
        request_max_body_size=max_frame,
        logging_config=None,
        plugins=[PydanticPlugin(prefer_alias=True)],  # so that OpenAPI has the names of the wire
        openapi_config=OpenAPIConfig(
            title="Dialogue",
            version=version,
            description=DESCRIPTION,
            path="/schema",
            tags=[
                Tag(name="Rooms", description="Where events happen."),
                Tag(name="Events", description="What happened, and making something happen."),
                Tag(name="Health", description="For whoever watches the server."),
            ],
        ),
    )


def _provided(make: Callable[[], object]) -> Provide:
    def provide() -> Any:
        return make()

    return Provide(provide, sync_to_thread=False)
