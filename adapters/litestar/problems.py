"""One table from errors to HTTP, and problem documents after RFC 9457."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException

from ...application.ports.metrics import Metrics
from ...domain.errors import DialogueError, RateLimited, Unauthenticated
from ..wire.problem import PROBLEM_JSON, problem_document

STATUS = {
    "UNAUTHENTICATED": 401,
    "NOT_JOINED": 403,
    "JOIN_DENIED": 403,
    "FORBIDDEN": 403,
    "ROOM_NOT_FOUND": 404,
    "ROOM_FULL": 409,
    "ROOM_EXISTS": 409,
    "POSITION_UNKNOWN": 410,
    "INVALID_REQUEST": 422,
    "INVALID_EVENT": 422,
    "EVENT_NOT_ALLOWED": 422,
    "EVENT_REJECTED": 422,
    "RATE_LIMITED": 429,
    "UNAVAILABLE": 503,
}

logger = logging.getLogger("dialogue.http")


def problem(
    status: int, code: str, message: str, details: object = None, headers: Mapping[str, str] | None = None
) -> Response[bytes]:
    """A problem document; `code` is the wire's."""
    document = problem_document(status, code, message, details)
    return Response(document, status_code=status, media_type=PROBLEM_JSON, headers=headers)


def refusing(metrics: Callable[[], Metrics]) -> Callable[[Request[Any, Any, Any], DialogueError], Response[bytes]]:
    """What answers a request that Dialogue refuses, and tells `metrics` of it."""

    def refused(_: Request[Any, Any, Any], error: DialogueError) -> Response[bytes]:
        metrics().refused(error.code)
        return problem(STATUS.get(error.code, 500), error.code, error.message, error.details, _headers(error))

    return refused


def _headers(error: DialogueError) -> Mapping[str, str] | None:
    if isinstance(error, RateLimited):
        return {"Retry-After": str(math.ceil(error.retry_after_ms / 1000))}
    if isinstance(error, Unauthenticated):
        return {"WWW-Authenticate": "Bearer"}  # RFC 9110, 15.5.2: how one could say who one is
    return None


def not_routed(_: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """The answer to what never reached Dialogue: no such path, no such method, a body that is too large."""
    allowed = (error.headers or {}).get("allow")
    if allowed == "websocket":
        return problem(426, "UPGRADE_REQUIRED", "This is a WebSocket", headers={"Upgrade": "websocket"})
    code = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}.get(error.status_code, "INVALID_REQUEST")
    status = 422 if error.status_code == 400 else error.status_code  # a parameter that Litestar itself refuses
    return problem(status, code, error.detail, headers=None if allowed is None else {"Allow": allowed})


def failed(_: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The answer when something broke: it tells nothing of the inside; the log does."""
    logger.error("a request failed", exc_info=error)
    return problem(500, "INTERNAL", "Something broke on the server")
