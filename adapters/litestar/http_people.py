"""`DELETE /rooms/{roomId}/members/{userId}` and `DELETE /users/{userId}/connections`."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, delete
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import PathParameter, QueryParameter

from ...application.administer import Administer
from ...application.ports.authenticator import Authenticator
from ...application.sessions.client_limits import ClientLimits
from ...domain.names import MAX_USER_ID
from ..wire import request_fields
from .http_identity import ensure_pace, identity_of
from .http_rooms import RoomInPath, UserId, problems
from .operation import DescribedOperation
from .query import query_fields

REASON = "removed by an administrator"
"""What is told to whom it happens, where who did it says nothing."""

UserInPath = Annotated[str, PathParameter(description="Whom it is about.", min_length=1, max_length=MAX_USER_ID)]
Reason = Annotated[
    str | None,
    QueryParameter(description="What the user is told.", max_length=request_fields.MAX_REASON),
]


@delete(
    "/rooms/{room_id:str}/members/{user_id:str}",
    status_code=204,
    operation_id="removeMember",
    summary="Take a user out of a room",
    description=(
        "All of the user's sessions, on every node; they are told the reason. For those whom the application lets "
        "`administer` the room. It keeps nobody out, and is fine where the user is not in the room."
    ),
    tags=["Rooms"],
    responses={204: ResponseSpec(None, description="The user is not in the room.")}
    | problems(401, 403, 404, 422, 429, 503),
    operation_class=DescribedOperation,
)
async def remove_member(
    request: Request[Any, Any, Any],
    authenticator: NamedDependency[Authenticator],
    limits: NamedDependency[ClientLimits],
    administer: NamedDependency[Administer],
    room_id: RoomInPath,
    user_id: UserInPath,
    x_user_id: UserId = None,
    reason: Reason = None,
) -> None:
    """Take a user out of a room."""
    identity = await identity_of(request, authenticator)
    ensure_pace(request, limits, identity)
    await administer.remove_member(identity, room_id, user_id, _reason(request))


@delete(
    "/users/{user_id:str}/connections",
    status_code=204,
    operation_id="disconnectUser",
    summary="End a user's connections",
    description=(
        "All of them, streams too, on every node, with the close code 4403 and the reason. For those whom the "
        'application lets `administer` the server, which is the room `""`. It keeps nobody out.'
    ),
    tags=["Rooms"],
    responses={204: ResponseSpec(None, description="None is open.")} | problems(401, 403, 422, 429, 503),
    operation_class=DescribedOperation,
)
async def disconnect_user(
    request: Request[Any, Any, Any],
    authenticator: NamedDependency[Authenticator],
    limits: NamedDependency[ClientLimits],
    administer: NamedDependency[Administer],
    user_id: UserInPath,
    x_user_id: UserId = None,
    reason: Reason = None,
) -> None:
    """End a user's connections."""
    identity = await identity_of(request, authenticator)
    ensure_pace(request, limits, identity)
    await administer.disconnect(identity, user_id, _reason(request))


def _reason(request: Request[Any, Any, Any]) -> str:
    return request_fields.parse(request_fields.RemovalFields, query_fields(request, texts=("reason",))).reason or REASON
