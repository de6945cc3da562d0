"""The Litestar application."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any

from litestar import Litestar, Request
from litestar.di import Provide
from litestar.exceptions import HTTPException

from ...application.log_fields import log_about
from ...application.node import Node
from ...application.ports.metrics import Metrics
from ...domain.errors import DialogueError
from .health import LIVE, live, ready
from .http_definitions import list_definitions
from .http_events import get_history, methods_of_events, post_event, redact_event
from .http_people import disconnect_user, remove_member
from .http_rooms import get_room, list_rooms
from .http_stream import head_stream, stream_events
from .metrics import METRICS, get_metrics
from .problems import failed, not_routed, refusing
from .schema_documents import SchemaDocuments, describe, schema_routes
from .served import Served, routes_of
from .web_page import page_routes
from .websocket import endpoint

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]


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
    metrics: Callable[[], Metrics],
    *,
    version: str,
    max_frame: int,
    front: Callable[..., Any],
    unescape: Callable[[str], str],
    served: Served,
    lifespan: Lifespan,
) -> Litestar:
    """The app around `node` and its other `dependencies`, by the names under which handlers ask for them.

    Nothing of them is made before the first request comes. `front` is what stands in front of the app, and `unescape`
    undoes what it has done to the segments of a path so that a `/` in them does not part them.
    `served` says what there is beside the rooms.
    """

    async def before_request(request: Request[Any, Any, Any]) -> None:
        log_about(partial(_log_fields, request))
        if request.scope["path"] not in (LIVE, METRICS):
            node().ensure_running()
        # A dictionary of its own: the router shares the one that it gives among all requests of this path.
        params = request.scope["path_params"]
        request.scope["path_params"] = {name: unescape(value) for name, value in params.items()}

    reading = [list_rooms, get_room, list_definitions, get_history, stream_events, head_stream]
    provided = {name: _provided(make) for name, make in {"node": node, **dependencies}.items()}
    described = [*reading, post_event, redact_event, remove_member, disconnect_user, live, ready]
    figures = [] if served.metrics == "off" else [get_metrics]
    documents = SchemaDocuments(lambda: describe([*described, *figures], provided, version))
    return FrontedApp(
        front,
        route_handlers=[
            endpoint,
            methods_of_events,
            *described,
            *routes_of(served.metrics, figures, dependencies),
            *routes_of(served.schema, schema_routes(documents), dependencies),
            *(page_routes(served.web, with_page=served.page == "on") if served.page != "off" else ()),
        ],
        dependencies=provided,
        exception_handlers={DialogueError: refusing(metrics), HTTPException: not_routed, Exception: failed},
        before_request=before_request,
        lifespan=[lifespan],
        request_max_body_size=max_frame,
        logging_config=None,
        openapi_config=None,  # it would be made and encoded on the loop: see `SchemaDocuments`
    )


def _log_fields(request: Request[Any, Any, Any]) -> dict[str, object]:
    # Without its query: a token may stand there.
    named = {
        "request": f"{request.method} {request.scope['path']}",
        "room": request.scope["path_params"].get("room_id"),
    }
    return {name: value for name, value in named.items() if value is not None}


def _provided(make: Callable[[], object]) -> Provide:
    def provide() -> Any:
        return make()

    return Provide(provide, sync_to_thread=False)
