"""`GET /rooms/{roomId}/stream`."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, Response, get, head
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import HeaderParameter, QueryParameter
from litestar.types import ASGIApp

from ...application.access.access import Access
from ...application.ports.authenticator import Authenticator
from ...application.ports.peer import peer_of
from ...application.rooms.list_rooms import ListRooms
from ...application.sessions.client_limits import ClientLimits
from ...application.sessions.listen_to_room import Listen, ListenToRoom
from ..wire import request_fields
from ..wire.sse_codec import SseCodec
from .event_stream import EventStream
from .headers import header_text
from .http_identity import ensure_pace, identity_of
from .http_rooms import RoomInPath, UserId, problems
from .operation import DescribedOperation
from .query import query_text


@get(
    "/rooms/{room_id:str}/stream",
    operation_id="streamEvents",
    summary="Receive events as they happen",
    description=(
        "Joins the room, and gives its events as server-sent events for as long as the connection lasts. The first "
        "message is named `recovered`: its data has `recovered`, `roomId`, `events` (the names that come), `position` "
        "and `hasMore`. Then comes the history as a join gives it, oldest first, and then what happens, each event as "
        "one message without a name whose data is the event. Its `id` is its position; an event without history has "
        "none. A message named `left` is the last one: the session was taken out, or the room was deleted. The "
        "stream is a session: it takes a place in a room that has a capacity."
    ),
    tags=["Events"],
    responses={200: ResponseSpec(str, description="The stream.", media_type="text/event-stream")}
    | problems(401, 403, 404, 409, 422, 429, 503),
    operation_class=DescribedOperation,
)
async def stream_events(
    request: Request[Any, Any, Any],
    authenticator: NamedDependency[Authenticator],
    limits: NamedDependency[ClientLimits],
    listen: NamedDependency[ListenToRoom],
    sse_codec: NamedDependency[SseCodec],
    room_id: RoomInPath,
    x_user_id: UserId = None,
    event: Annotated[
        list[str] | None,
        QueryParameter(description="An event name; may stand several times. Without it the room's own choice comes."),
    ] = None,
    user_id: Annotated[
        str | None, QueryParameter(name="userId", description="As `X-User-Id`, for clients that send no headers.")
    ] = None,
    token: Annotated[
        str | None, QueryParameter(description="As a bearer token, for clients that send no headers.")
    ] = None,
    last_event_id: Annotated[
        str | None,
        HeaderParameter(
            name="Last-Event-ID",
            description=(
                "The `id` of the last message that came: the history is then what was missed, and `recovered` is true, "
                "where that can be told exactly."
            ),
        ),
    ] = None,
) -> ASGIApp:
    """Stream a room's events."""
    identity = await identity_of(request, authenticator, query_text(request, "token"))
    ensure_pace(request, limits, identity)
    wanted = request_fields.parse(request_fields.StreamFields, {} if event is None else {"event": event})
    last_id = header_text(request, "Last-Event-ID")
    since = None if last_id is None else request_fields.since(last_id)
    peer = peer_of(request.scope)
    listener = Listen(identity=identity, room_id=room_id, peer=peer, events=wanted.event, since=since)
    return EventStream(listen, sse_codec, listener)


@head("/rooms/{room_id:str}/stream", include_in_schema=False)
async def head_stream(
    request: Request[Any, Any, Any],
    authenticator: NamedDependency[Authenticator],
    limits: NamedDependency[ClientLimits],
    rooms: NamedDependency[ListRooms],
    access: NamedDependency[Access],
    room_id: RoomInPath,
    token: Annotated[str | None, QueryParameter()] = None,
) -> Response[None]:
    """Say how a stream would be answered, without joining the room."""
    identity = await identity_of(request, authenticator, query_text(request, "token"))
    ensure_pace(request, limits, identity)
    await access.ensure_reader(identity, room_id)
    await rooms.one(identity, room_id)
    return Response(None, media_type="text/event-stream", headers={"Cache-Control": "no-store"})
