"""The Litestar application."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from litestar import Litestar, Request
from litestar.config.cors import CORSConfig
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
from .http_stream import stream_events
from .problems import failed, not_routed, refused
from .web_page import page_routes
from .websocket import endpoint

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]

LOOPBACK = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?"

DESCRIPTION = """Rooms of typed events whose history does not end.

What happens live goes over the WebSocket at `/ws` (subprotocol `dialogue.v1`); here are the calls beside it.
"""


def build_app(
    node: Callable[[], Node],
    dependencies: Mapping[str, Callable[[], object]],
    *,
    version: str,
    max_frame: int,
    allowed_origins: Sequence[str],
    page: Path | None,
    lifespan: Lifespan,
) -> Litestar:
    """The app around `node` and its other `dependencies`, by the names under which handlers ask for them.

    Nothing of them is made before the first request comes.
    `page` is the folder of the web page, None for a server without one.
    """

    async def ensure_running(request: Request[Any, Any, Any]) -> None:
        if request.scope["path"] != LIVE:
            node().ensure_running()

    handlers = [endpoint, list_rooms, get_room, get_history, post_event, stream_events, redact_event, live, ready]
    return Litestar(
        route_handlers=[*handlers, *(page_routes(page) if page else ())],
        dependencies={name: _provided(make) for name, make in {"node": node, **dependencies}.items()},
        exception_handlers={DialogueError: refused, HTTPException: not_routed, Exception: failed},
        before_request=ensure_running,
        lifespan=[lifespan],
        request_max_body_size=max_frame,
        cors_config=_cors(allowed_origins),
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


def _cors(allowed_origins: Sequence[str]) -> CORSConfig:
    # The rule of the WebSocket: the listed origins, and where there are none, pages of this machine.
    return CORSConfig(
        allow_origins=[origin.rstrip("/") for origin in allowed_origins],
        allow_origin_regex=None if allowed_origins else LOOPBACK,
    )
