"""`GET /rooms/{roomId}/definitions`."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec

from ...application.ports.authenticator import Authenticator
from ...application.rooms.list_rooms import ListRooms
from ...application.sessions.client_limits import ClientLimits
from ..wire.frames import wire_definition
from .http_identity import charge_answer, ensure_pace, identity_of
from .http_rooms import RoomInPath, UserId, json_response, problems
from .operation import DescribedOperation
from .schemas import DefinitionsDocument


@get(
    "/rooms/{room_id:str}/definitions",
    operation_id="listDefinitions",
    summary="What may happen in a room",
    description="The events that the room allows, with what their data has to be.",
    tags=["Rooms"],
    responses={200: ResponseSpec(DefinitionsDocument, description="The events.")} | problems(401, 404, 422, 429, 503),
    operation_class=DescribedOperation,
)
async def list_definitions(
    request: Request[Any, Any, Any],
    authenticator: NamedDependency[Authenticator],
    limits: NamedDependency[ClientLimits],
    rooms: NamedDependency[ListRooms],
    room_id: RoomInPath,
    x_user_id: UserId = None,
) -> Response[bytes]:
    """Tell what may happen in a room."""
    identity = await identity_of(request, authenticator)
    ensure_pace(request, limits, identity)
    definitions = await rooms.definitions(identity, room_id)
    answer = json_response({"roomId": room_id, "events": [wire_definition(each) for each in definitions]})
    return charge_answer(request, limits, identity, answer)
