"""`GET /metrics`."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec

from ...application.node import Node
from .http_rooms import problems

METRICS = "/metrics"


@runtime_checkable
class Scrape(Protocol):
    """What tells the figures, as Prometheus reads them."""

    media_type: str

    async def __call__(self) -> bytes:
        """The text."""
        ...


@get(
    METRICS,
    operation_id="getMetrics",
    summary="Figures for Prometheus",
    description="What this server counts, in the text format of Prometheus. Made at most once a second.",
    tags=["Health"],
    responses={200: ResponseSpec(str, description="The figures.", media_type="text/plain")} | problems(503),
)
async def get_metrics(node: NamedDependency[Node], scrape: NamedDependency[Scrape]) -> Response[bytes]:
    """Tell the figures, also while the server is going down."""
    node.ensure_started()
    headers = {"Content-Type": scrape.media_type}  # as `media_type` it would get its charset a second time
    return Response(await scrape(), headers=headers)
