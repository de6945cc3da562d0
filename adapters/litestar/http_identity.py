"""Who makes an HTTP request."""

from __future__ import annotations

from typing import Any

from litestar import Request

from ...application.ports.authenticator import Authenticator, claims_of
from ...domain.errors import InvalidRequest

_BEARER = "bearer "


async def user_of(request: Request[Any, Any, Any], authenticator: Authenticator, token: str | None = None) -> str:
    """The user behind the request: a bearer token, or under a trusting authenticator X-User-Id or `userId`.

    `token` stands in for a bearer token where a client cannot send one. Raises Unauthenticated, which is 401.
    """
    claims: dict[str, object] = {} if token is None else {"token": token}
    authorization = request.headers.get("authorization", "")
    if authorization.lower().startswith(_BEARER):
        claims["token"] = authorization[len(_BEARER) :].strip()
    named = request.headers.get("x-user-id") or request.query_params.get("userId")
    if named and authenticator.trusts_clients:
        claims["userId"] = named
    try:
        return await authenticator.authenticate(claims_of(request.scope, claims), None)
    except InvalidRequest as error:
        raise InvalidRequest.field("X-User-Id", error.problems[0].message) from error
