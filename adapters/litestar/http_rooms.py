"""`GET /rooms` and `GET /rooms/{roomId}`."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIType
from litestar.params import HeaderParameter, PathParameter, QueryParameter

from ...application.ports.authenticator import Authenticator
from ...application.ports.peer import peer_of
from ...application.rooms.list_rooms import ListRooms
from ...application.sessions.client_limits import A_ROOM, ClientLimits
from ...domain.page import MAX_LIMIT
from ..wire import request_fields
from ..wire.answers import wire_rooms
from ..wire.frames import fields_of, json_bytes, wire_room
from .http_identity import charge_answer, ensure_pace, identity_of
from .operation import DescribedOperation
from .query import query_fields
from .schemas import ProblemDocument, RoomDocument, RoomsDocument

JSON = "application/json"

RoomInPath = Annotated[str, PathParameter(description="The room's id.", max_length=255)]
UserId = Annotated[
    str | None,
    HeaderParameter(name="X-User-Id", description="Who you are, where the server trusts its clients (development)."),
]


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """The refusals of an operation, for OpenAPI."""
    return {
        status: ResponseSpec(ProblemDocument, description=_MEANINGS[status], media_type="application/problem+json")
        for status in statuses
    }


_MEANINGS = {
    401: "Nobody knows who is asking.",
    403: "The caller may not do this, or is a page of an origin that may not.",
    404: "There is no such room.",
    409: "As many sessions as the room holds are in it.",
    410: "The position is of another life of the room, or outside of what its history holds.",
    413: "The body is larger than a frame may be.",
    415: "The body is not `application/json`.",
    422: "A field, or the event, is not valid; `details` names the paths.",
    429: "Too many requests: `details` and the header `Retry-After` say when to come again.",
    503: "The history cannot be reached now; nothing was kept.",
}


def integer(least: int, most: int) -> dict[str, object]:
    """What OpenAPI says of a parameter that is a number; the handler takes it as a text, to refuse it in our words."""
    return {"type": OpenAPIType.INTEGER, "minimum": least, "maximum": most}


def json_response(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Response[bytes]:
    """A JSON answer."""
    return Response(json_bytes(value), status_code=status, media_type=JSON, headers=headers)


@get(
    "/rooms",
    operation_id="listRooms",
    summary="List the rooms",
    description="The rooms that the caller may see, in order of id.",
    tags=["Rooms"],
    responses={200: ResponseSpec(RoomsDocument, description="Some of the rooms.")} | problems(401, 422, 429, 503),
    operation_class=DescribedOperation,
)
async def list_rooms(
    request: Request[Any, Any, Any],
    authenticator: NamedDependency[Authenticator],
    limits: NamedDependency[ClientLimits],
    rooms: NamedDependency[ListRooms],
    max_out_frame: NamedDependency[int],
    x_user_id: UserId = None,
    limit: Annotated[
        str | None,
        QueryParameter(description="How many at most: 1 to 1,000; default 100.", schema_extra=integer(1, MAX_LIMIT)),
    ] = None,
    cursor: Annotated[str | None, QueryParameter(description="The `cursor` of an earlier answer.")] = None,
) -> Response[bytes]:
    """List the rooms."""
    identity = await identity_of(request, authenticator)
    ensure_pace(request, limits, identity)
    wanted = request_fields.parse(
        request_fields.ListRoomsFields, query_fields(request, texts=("cursor",), numbers=("limit",))
    )
    listed = await rooms(identity, wanted.cursor, wanted.limit)
    limits.charge("traffic", identity.user_id, peer_of(request.scope), listed.asked_about * A_ROOM)
    return charge_answer(request, limits, identity, json_response(fields_of(wire_rooms(listed, max_out_frame))))


@get(
    "/rooms/{room_id:str}",
    operation_id="getRoom",
    summary="One room",
    description="One room as its visitors see it.",
    tags=["Rooms"],
    responses={200: ResponseSpec(RoomDocument, description="The room.")} | problems(401, 404, 422, 429, 503),
    operation_class=DescribedOperation,
)
async def get_room(
    request: Request[Any, Any, Any],
    authenticator: NamedDependency[Authenticator],
    limits: NamedDependency[ClientLimits],
    rooms: NamedDependency[ListRooms],
    room_id: RoomInPath,
    x_user_id: UserId = None,
) -> Response[bytes]:
    """Tell of one room."""
    identity = await identity_of(request, authenticator)
    ensure_pace(request, limits, identity)
    return json_response(wire_room(await rooms.one(identity, room_id)))
