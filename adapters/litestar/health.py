"""`GET /health/live` and `GET /health/ready`."""

from __future__ import annotations

from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec

from ...application.node import Node
from ...domain.page import PageLimit
from .http_rooms import json_response, problems
from .schemas import HealthDocument

LIVE = "/health/live"
_ANY_ROOM = "health"


@get(
    LIVE,
    operation_id="live",
    summary="Is the process alive?",
    description="200 as long as the server answers at all.",
    tags=["Health"],
    responses={200: ResponseSpec(HealthDocument, description="It is.")},
)
async def live() -> Response[bytes]:
    """Say that the process is alive."""
    return json_response({"status": "ok"})


@get(
    "/health/ready",
    operation_id="ready",
    summary="Can it serve?",
    description="200 where events can be kept and read; 503 where not, or where the server is going down.",
    tags=["Health"],
    responses={200: ResponseSpec(HealthDocument, description="It can.")} | problems(503),
)
async def ready(
    node: NamedDependency[Node],
    check_storage: NamedDependency[Any],
    source: NamedDependency[Any],
) -> Response[bytes]:
    """Say whether the archive can be reached, by a real write and a real read."""
    node.ensure_running()
    await check_storage()
    await source.newer(_ANY_ROOM, None, 0, PageLimit(events=1))
    return json_response({"status": "ok"})
