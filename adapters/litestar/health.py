"""`GET /health/live` and `GET /health/ready`."""

from __future__ import annotations

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec

from ...application.node import Node
from ...application.readiness import Readiness
from ..wire.frames import compact
from .http_rooms import json_response, problems
from .schemas import HealthDocument

LIVE = "/health/live"


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
    description="200 where events can be kept and read; 503 where not, or where the server is going down. With a bus "
    "that is down it can serve all the same, and says so: other nodes' events come an interval later.",
    tags=["Health"],
    responses={200: ResponseSpec(HealthDocument, description="It can.")} | problems(503),
)
async def ready(node: NamedDependency[Node], readiness: NamedDependency[Readiness]) -> Response[bytes]:
    """Say what was measured last: whether the storage takes a real write and gives a real read."""
    node.ensure_running()
    readiness.ensure_ready()
    return json_response(compact(status="ok", bus=readiness.bus_flaw))
