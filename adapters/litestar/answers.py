"""How each request of a connected session is answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from ...application.sessions.frame import Frame
from ...application.sessions.session import Session
from ...domain.errors import DialogueError, EventNotAllowed, InvalidRequest
from ...domain.event import Event
from ...domain.names import MAX_ROOM_ID, flaw_of_name, flaw_of_room_id
from ...domain.outcome import Repeat
from ...domain.ports.room_store import StoredRoom
from ...domain.position import Position
from ..wire import requests
from ..wire.answers import wire_page, wire_rooms
from ..wire.frames import (
    RequestId,
    compact,
    encodable,
    frame,
    wire_events,
    wire_position,
    wire_room,
)
from ..wire.requests import parse
from .services import Services

Answer = Callable[[Services, Session, Mapping[str, object], RequestId], Awaitable[None]]


async def _join(services: Services, session: Session, message: Mapping[str, object], request_id: RequestId) -> None:
    request = parse(requests.Join, message)
    since = None if request.since is None else Position(epoch=request.since.epoch, seq=request.since.seq)
    joined = await services.join(session, request.room_id, events=request.events, since=since)
    fields = compact(
        roomId=joined.room.id,
        roomName=joined.room.name,
        events=joined.events,
        position=wire_position(joined.position),
        recovered=joined.recovered,
        history=wire_events(joined.history),
        hasMore=joined.has_more,
    )
    session.outbox.put(frame("joined", request_id, **fields))
    services.join.release(session, request.room_id)


async def _leave(services: Services, session: Session, message: Mapping[str, object], request_id: RequestId) -> None:
    request = parse(requests.OfRoom, message)
    services.join.leave(session, request.room_id)
    session.outbox.put(frame("left", request_id, roomId=request.room_id))


async def _subscribe(
    services: Services, session: Session, message: Mapping[str, object], request_id: RequestId
) -> None:
    request = parse(requests.Subscribe, message)
    names = services.join.subscribe(session, request.room_id, request.events)
    session.outbox.put(frame("subscribed", request_id, roomId=request.room_id, events=names))


async def _unsubscribe(
    services: Services, session: Session, message: Mapping[str, object], request_id: RequestId
) -> None:
    request = parse(requests.Subscribe, message)
    names = services.join.unsubscribe(session, request.room_id, request.events)
    session.outbox.put(frame("subscribed", request_id, roomId=request.room_id, events=names))


async def _get_history(
    services: Services, session: Session, message: Mapping[str, object], request_id: RequestId
) -> None:
    request = parse(requests.GetHistory, message)
    session.membership(request.room_id)
    page = await services.pages(requests.page_request(request.room_id, request))
    session.outbox.put(frame("history", request_id, **wire_page(page)))


async def _mark_read(
    services: Services, session: Session, message: Mapping[str, object], request_id: RequestId
) -> None:
    request = parse(requests.MarkRead, message)
    mark = await services.mark_read(session, request.room_id, request.seq)
    session.outbox.put(frame("marked", request_id, roomId=request.room_id, seq=mark.seq, unread=mark.unread))


async def _list_rooms(
    services: Services, session: Session, message: Mapping[str, object], request_id: RequestId
) -> None:
    request = parse(requests.ListRooms, message)
    listed = await services.rooms(session.user_id, request.cursor, request.limit)
    session.outbox.put(frame("rooms", request_id, **wire_rooms(listed, services.limits.max_out_frame)))


async def _create_room(
    services: Services, session: Session, message: Mapping[str, object], request_id: RequestId
) -> None:
    wanted = parse(requests.CreateRoom, message).room
    try:
        info = await services.manage.create(_stored(wanted, session.user_id), by=session)
    except EventNotAllowed as error:
        raise InvalidRequest.field("room.events", error.message) from error
    session.outbox.put(frame("roomCreated", request_id, room=wire_room(info)))


async def _delete_room(
    services: Services, session: Session, message: Mapping[str, object], request_id: RequestId
) -> None:
    request = parse(requests.OfRoom, message)
    await services.manage.delete(request.room_id, user_id=session.user_id, by=session)
    session.outbox.put(frame("roomDeleted", request_id, roomId=request.room_id))


async def _ping(_services: Services, session: Session, message: Mapping[str, object], request_id: RequestId) -> None:
    parse(requests.Nothing, message)
    session.outbox.put(frame("pong", request_id))


BY_TYPE: Mapping[str, Answer] = {
    "join": _join,
    "leave": _leave,
    "subscribe": _subscribe,
    "unsubscribe": _unsubscribe,
    "getHistory": _get_history,
    "markRead": _mark_read,
    "listRooms": _list_rooms,
    "createRoom": _create_room,
    "deleteRoom": _delete_room,
    "ping": _ping,
}


def triggered(outcome: Event | Repeat, request: requests.Trigger, request_id: RequestId) -> Frame:
    """The answer to a trigger whose event was kept, now or before, or, without history, sent on."""
    fields = compact(
        roomId=request.room_id,
        event=request.event,
        timestamp=outcome.timestamp_ms,
        seq=outcome.seq,
        duplicate=True if isinstance(outcome, Repeat) else None,
    )
    return frame("triggered", request_id, **fields)


def error(error: DialogueError, request_id: RequestId) -> Frame:
    """The answer to a request that was refused."""
    fields = compact(code=error.code, message=error.message, details=error.details)
    return frame("error", request_id, **encodable(fields))


def _stored(wanted: requests.NewRoom, user_id: str) -> StoredRoom:
    for path, flaw in (
        ("room.id", flaw_of_room_id(wanted.id)),
        ("room.name", flaw_of_name(wanted.name, MAX_ROOM_ID)),
    ):
        if flaw:
            raise InvalidRequest.field(path, flaw)
    return StoredRoom(
        id=wanted.id,
        name=wanted.name,
        description=wanted.description,
        max_size=wanted.max_size,
        event_names=None if wanted.events is None else tuple(wanted.events),
        created_by_id=user_id,
    )
