"""`GET` and `POST /rooms/{roomId}/events`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from litestar import Request, Response, delete, get, post, route
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIType, RequestBody, Schema
from litestar.params import HeaderParameter, PathParameter, QueryParameter

from ...application.access.access import Access
from ...application.ports.authenticator import Authenticator
from ...application.ports.peer import peer_of
from ...application.publishing.publish_event import PublishEvent
from ...application.publishing.redact_event import RedactEvent
from ...application.reading.page_history import PageHistory
from ...application.sessions.client_limits import ClientLimits
from ...domain.errors import InvalidRequest
from ...domain.idempotency_key import MAX_KEY
from ...domain.page import MAX_LIMIT, Page
from ..wire import request_fields
from ..wire.answers import wire_page
from ..wire.frame_reader import FrameReader
from ..wire.frames import fields_of, wire_event
from .headers import header_text
from .http_identity import charge_answer, ensure_pace, identity_of
from .http_rooms import RoomInPath, UserId, integer, json_response, problems
from .operation import DescribedOperation
from .query import number, query_fields
from .schemas import EventDocument, HistoryDocument


@dataclass
class PublishOperation(DescribedOperation):
    """The operation with its body described, which the handler reads by itself to refuse repeated keys."""

    def __post_init__(self) -> None:
        super().__post_init__()
        schema = Schema(
            type=OpenAPIType.OBJECT,
            required=["event", "data"],
            properties={
                "event": Schema(
                    type=OpenAPIType.STRING, min_length=1, max_length=100, description="One of the room's event names."
                ),
                "data": Schema(description="The payload; the event's schema decides."),
                "meta": Schema(type=OpenAPIType.OBJECT, description="An extra object of your own, at most 4 KiB."),
            },
        )
        self.request_body = RequestBody(content={"application/json": OpenAPIMediaType(schema=schema)}, required=True)


NUMBERS = ("limit", "before", "after", "around", "beforeTime", "afterTime", "start", "end", "anchor")
NUMBER = integer(0, request_fields.MAX_NUMBER)
Place = Annotated[str | None, QueryParameter(description="A seq: 0 or more.", schema_extra=NUMBER)]
TIME = "Milliseconds since the Unix epoch; as `before` or `after` the room's first event of that time or later."
Offset = Annotated[
    str | None,
    QueryParameter(description="Counted from the newest event of that name, which is 0.", schema_extra=NUMBER),
]


@get(
    "/rooms/{room_id:str}/events",
    operation_id="getHistory",
    summary="Read a page of history",
    description=(
        "One contiguous run of the room's events, newest first. Choose one form: nothing (the newest), `before`, "
        "`after`, `around`, `beforeTime`, `afterTime`, or `start` and `end`, which need `event` and may be held still "
        "by `anchor`. Without `event` all names with history are merged. `Link` headers lead to the older (`next`) "
        "and newer (`prev`) events."
    ),
    tags=["Events"],
    responses={200: ResponseSpec(HistoryDocument, description="The page.")}
    | problems(401, 403, 404, 410, 422, 429, 503),
    operation_class=DescribedOperation,
)
async def get_history(
    request: Request[Any, Any, Any],
    authenticator: NamedDependency[Authenticator],
    limits: NamedDependency[ClientLimits],
    pages: NamedDependency[PageHistory],
    access: NamedDependency[Access],
    room_id: RoomInPath,
    x_user_id: UserId = None,
    event: Annotated[str | None, QueryParameter(description="One event name; without it all are merged.")] = None,
    limit: Annotated[
        str | None,
        QueryParameter(description="How many at most: 1 to 1,000; default 50.", schema_extra=integer(1, MAX_LIMIT)),
    ] = None,
    before: Place = None,
    after: Place = None,
    around: Place = None,
    before_time: Annotated[str | None, QueryParameter(name="beforeTime", description=TIME, schema_extra=NUMBER)] = None,
    after_time: Annotated[str | None, QueryParameter(name="afterTime", description=TIME, schema_extra=NUMBER)] = None,
    start: Offset = None,
    end: Offset = None,
    anchor: Place = None,
    epoch: Annotated[str | None, QueryParameter(description="Fail with 410 where the room has another.")] = None,
) -> Response[bytes]:
    """Read a page of history."""
    identity = await identity_of(request, authenticator)
    ensure_pace(request, limits, identity, "history")
    given = query_fields(request, texts=("event", "epoch"), numbers=NUMBERS)
    fields = request_fields.parse(request_fields.HistoryFields, given)
    from_seq = await access.ensure_reader(identity, room_id)
    above = await access.visibility.of_reader(identity, room_id, from_seq)
    page = await pages(request_fields.page_request(room_id, fields), above)
    answer = json_response(fields_of(wire_page(page)), headers=_links(request, page, fields))
    return charge_answer(request, limits, identity, answer)


@post(
    "/rooms/{room_id:str}/events",
    operation_id="publishEvent",
    summary="Publish an event",
    description="Answered when the event is kept; 503 means that it was not kept and never will be.",
    tags=["Events"],
    responses={
        201: ResponseSpec(EventDocument, description="The event as it was kept."),
        200: ResponseSpec(EventDocument, description="The event as it was kept before, for the same key."),
    }
    | problems(401, 403, 404, 413, 415, 422, 429, 503),
    operation_class=PublishOperation,
)
async def post_event(
    request: Request[Any, Any, Any],
    authenticator: NamedDependency[Authenticator],
    limits: NamedDependency[ClientLimits],
    publish: NamedDependency[PublishEvent],
    max_values: NamedDependency[int],
    room_id: RoomInPath,
    x_user_id: UserId = None,
    idempotency_key: Annotated[
        str | None,
        HeaderParameter(
            name="Idempotency-Key",
            description="1 to 64 characters of your own: the same request with the same key is published once.",
            schema_extra={"min_length": 1, "max_length": MAX_KEY},
        ),
    ] = None,
) -> Response[bytes]:
    """Publish an event."""
    identity = await identity_of(request, authenticator)
    ensure_pace(request, limits, identity, "events")
    key = request_fields.parse(
        request_fields.IdempotencyHeaderFields, {"Idempotency-Key": header_text(request, "Idempotency-Key")}
    ).key
    event = request_fields.parse(request_fields.PostEventFields, _read_body(await request.body(), max_values))
    published = await publish.by_user(identity, room_id, event.event, event.data, meta=event.meta, key=key)
    # Only now: a refusal before would tell a stranger how many are in a room that is not the stranger's to know of.
    told = limits.cost_of_telling(room_id, len(published.event.payload))
    limits.charge("traffic", identity.user_id, peer_of(request.scope), told)
    return json_response(wire_event(published.event), 200 if published.is_duplicate else 201)


@delete(
    "/rooms/{room_id:str}/events/{seq:str}",
    status_code=204,
    operation_id="redactEvent",
    summary="Redact an event",
    description=(
        "Blanks the event for good; its place stays, and every member is told by an event named `dialogue.redacted`. "
        "Allowed for who sent it, for who made the room, and for those whom the application lets `redact` there. Doing "
        "so twice is fine."
    ),
    tags=["Events"],
    responses={204: ResponseSpec(None, description="It is blank.")} | problems(401, 403, 404, 410, 422, 429, 503),
    operation_class=DescribedOperation,
)
async def redact_event(
    request: Request[Any, Any, Any],
    authenticator: NamedDependency[Authenticator],
    limits: NamedDependency[ClientLimits],
    redact: NamedDependency[RedactEvent],
    room_id: RoomInPath,
    seq: Annotated[str, PathParameter(description="The event's seq.", schema_extra=NUMBER)],
    x_user_id: UserId = None,
) -> None:
    """Redact an event."""
    identity = await identity_of(request, authenticator)
    ensure_pace(request, limits, identity, "events")
    place = request_fields.parse(request_fields.EventPlaceFields, {"seq": number("seq", seq)}).seq
    await redact.by_user(identity, room_id, place)


@route("/rooms/{room_id:str}/events", http_method=["OPTIONS"], include_in_schema=False, sync_to_thread=False)
def methods_of_events() -> Response[None]:
    """Say how a room's events can be asked for. To be registered first: Litestar's own tells one handler's alone."""
    return Response(None, status_code=204, headers={"Allow": "GET, OPTIONS, POST"})


def _read_body(body: bytes, max_values: int) -> dict[str, object]:
    reader = FrameReader(max_values, "body")
    try:
        fields = reader.read(body.decode())
    except UnicodeDecodeError as error:
        raise InvalidRequest.field("body", f"must be UTF-8: {error}") from error
    reader.refuse_flaws(fields)
    return fields


def _links(request: Request[Any, Any, Any], page: Page, fields: request_fields.HistoryFields) -> dict[str, str]:
    if not page.events:
        return {}
    kept = {
        "event": page.event_name,
        "limit": fields.limit or (fields.end - fields.start if fields.end and fields.start is not None else None),
        "epoch": page.epoch,
        "userId": request.query_params.get("userId"),
    }
    common = {name: value for name, value in kept.items() if value is not None}
    is_newer = fields.after is not None or fields.after_time is not None
    newest, oldest = page.events[0].seq, page.events[-1].seq
    links = [f'<?{urlencode({**common, "after": newest})}>; rel="prev"'] if newest is not None else []
    if oldest is not None and (page.has_more or is_newer):
        links.insert(0, f'<?{urlencode({**common, "before": oldest})}>; rel="next"')
    return {"Link": ", ".join(links)}
