"""Who makes an HTTP request."""

from __future__ import annotations

from typing import Any

from litestar import Request

from ...application.ports.authenticator import Authenticator, Identity, claims_of
from ...domain.errors import InvalidRequest
from .headers import header_text
from .query import query_text

USER_HEADER = "X-User-Id"
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
    if authenticator.trusts_clients:
        named = header_text(request, USER_HEADER) or query_text(request, "userId")
        claims |= {"userId": named} if named else {}
    try:
        return await authenticator.authenticate(claims_of(request.scope, claims), None)
    except InvalidRequest as error:
        if error.problems[0].path != CLAIMED_USER:
            raise
        raise InvalidRequest.field(USER_HEADER, error.problems[0].message) from error
