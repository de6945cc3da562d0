"""Who makes an HTTP request."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response
from litestar.handlers import HTTPRouteHandler

from ...application.ports.authenticator import Authenticator, Identity, claims_of
from ...application.ports.peer import peer_of
from ...application.ports.rate_limiter import Action
from ...application.sessions.client_limits import ClientLimits
from ...domain.errors import InvalidRequest
from .headers import header_text
from .query import query_text

USER_HEADER = "X-User-Id"
USER_QUERY = "userId"
CLAIMED_USER = "auth.userId"
_BEARER = "bearer "


async def identity_of(
    request: Request[Any, Any, Any], authenticator: Authenticator, token: str | None = None
) -> Identity:
    """Who is behind the request: a bearer token, or under a trusting authenticator X-User-Id or `userId`.

    `token` stands in for a bearer token where a client cannot send one. Raises Unauthenticated, which is 401.
    """
    claims: dict[str, object] = {} if token is None else {"token": token}
    authorization = header_text(request, "Authorization") or ""
    if authorization.lower().startswith(_BEARER):
        claims["token"] = authorization[len(_BEARER) :].strip()
    said_in = USER_HEADER
    if authenticator.trusts_clients:
        named = header_text(request, USER_HEADER)
        if not named:
            said_in, named = USER_QUERY, query_text(request, USER_QUERY)
        claims |= {"userId": named} if named else {}
    try:
        return await authenticator.authenticate(claims_of(request.scope, claims), None)
    except InvalidRequest as error:
        if error.problems[0].path != CLAIMED_USER:
            raise
        raise InvalidRequest.field(said_in, error.problems[0].message) from error


def ensure_pace(
    request: Request[Any, Any, Any], limits: ClientLimits, identity: Identity, action: Action | None = None
) -> None:
    """Count the user's request, and what it does. Raises RateLimited, which is 429."""
    limits.ensure("requests", identity.user_id, None)  # its address was counted at the door
    limits.ensure("traffic", identity.user_id, peer_of(request.scope), _size(request))
    if action is not None:
        limits.ensure(action, identity.user_id, peer_of(request.scope))


def _size(request: Request[Any, Any, Any]) -> int:
    """As many bytes as its body counts: one that is too large is refused unread, and costs no more than the largest."""
    length = header_text(request, "Content-Length") or ""
    if not length.isdecimal():
        return 1
    handler = request.scope["route_handler"]
    most = handler.resolve_request_max_body_size() if isinstance(handler, HTTPRouteHandler) else None
    return int(length[:20]) if most is None else min(int(length[:20]), most)


def charge_answer(
    request: Request[Any, Any, Any], limits: ClientLimits, identity: Identity, answer: Response[bytes]
) -> Response[bytes]:
    """Count an answer by its bytes, which nobody knew before."""
    limits.charge("traffic", identity.user_id, peer_of(request.scope), len(answer.content))
    return answer
