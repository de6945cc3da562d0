"""From a text frame to the request that it holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import monotonic

from ...application.sessions.requests import (
    Asked,
    Connect,
    CreateRoom,
    DeleteRoom,
    GetHistory,
    GetMembers,
    GetRooms,
    Join,
    Leave,
    MarkAsRead,
    Ping,
    SessionRequest,
    Subscribe,
    Trigger,
    TriggerBatch,
    Unfit,
    Unsubscribe,
)
from ...domain.errors import DialogueError, InvalidRequest
from ...domain.json_value import MAX_VALUES, is_unicode
from ...domain.names import MAX_ROOM_ID, flaw_of_name, flaw_of_room_id
from ...domain.new_event import NewEvent
from ...domain.position import Position
from . import request_fields
from .frame_reader import FrameReader
from .request_fields import parse

MAX_REQUEST_ID = 64

Message = Mapping[str, object]
RequestId = str | int | None


class RequestReader:
    """Reads the frames of one client."""

    def __init__(self, max_values: int = MAX_VALUES) -> None:
        self._frames = FrameReader(max_values)

    def read(self, text: str | None, arrived_at: float | None = None) -> Asked:
        """What the frame asks, or why it cannot be read; None stands for a binary one, and for one that comes now."""
        request_id: RequestId = None
        if arrived_at is None:
            arrived_at = monotonic()
        try:
            if text is None:
                raise InvalidRequest.field("frame", "must be text, not binary")
            message = self._frames.read(text)
            request_id = _request_id(message)
            self._frames.refuse_flaws(message)
            return Asked(request_of(message), request_id, arrived_at, len(text))
        except DialogueError as error:
            return Asked(error, request_id, arrived_at, len(text or ""))


def request_of(message: Message) -> SessionRequest:
    """The request that a message is, by its `type`. Raises InvalidRequest where there is no such type."""
    kind = message.get("type")
    decode = _BY_TYPE.get(kind) if isinstance(kind, str) else None
    if decode is None:
        raise InvalidRequest.field("type", f"must be one of {', '.join(_BY_TYPE)}")
    try:
        return decode(message)
    except DialogueError as error:
        if kind == "connect":
            raise
        return Unfit(error)  # whoever is not connected is told that first


def _request_id(message: Message) -> RequestId:
    if "id" not in message:
        return None
    request_id = message["id"]
    if isinstance(request_id, int) and not isinstance(request_id, bool):
        return request_id
    if isinstance(request_id, str) and len(request_id) <= MAX_REQUEST_ID and is_unicode(request_id):
        return request_id
    raise InvalidRequest.field("id", f"must be a text of at most {MAX_REQUEST_ID} characters, or an integer")


def _connect(message: Message) -> Connect:
    return Connect(parse(request_fields.ConnectFields, message).auth)


def _join(message: Message) -> Join:
    fields = parse(request_fields.JoinFields, message)
    since = None if fields.since is None else Position(epoch=fields.since.epoch, seq=fields.since.seq)
    return Join(fields.room_id, fields.events, since)


def _leave(message: Message) -> Leave:
    return Leave(parse(request_fields.RoomFields, message).room_id)


def _subscribe(message: Message) -> Subscribe:
    fields = parse(request_fields.SubscribeFields, message)
    return Subscribe(fields.room_id, fields.events)


def _unsubscribe(message: Message) -> Unsubscribe:
    fields = parse(request_fields.SubscribeFields, message)
    return Unsubscribe(fields.room_id, fields.events)


def _trigger(message: Message) -> Trigger:
    fields = parse(request_fields.TriggerFields, message)
    return Trigger(fields.room_id, fields.event, fields.data, fields.meta, fields.key)


def _trigger_batch(message: Message) -> TriggerBatch:
    fields = parse(request_fields.TriggerBatchFields, message)
    events = tuple(NewEvent(event.event, event.data, event.meta) for event in fields.events)
    return TriggerBatch(fields.room_id, events, fields.key)


def _get_history(message: Message) -> GetHistory:
    fields = parse(request_fields.GetHistoryFields, message)
    return GetHistory(request_fields.page_request(fields.room_id, fields))


def _mark_read(message: Message) -> MarkAsRead:
    fields = parse(request_fields.MarkReadFields, message)
    return MarkAsRead(fields.room_id, fields.seq)


def _list_members(message: Message) -> GetMembers:
    return GetMembers(parse(request_fields.RoomFields, message).room_id)


def _list_rooms(message: Message) -> GetRooms:
    fields = parse(request_fields.ListRoomsFields, message)
    return GetRooms(fields.cursor, fields.limit)


def _create_room(message: Message) -> CreateRoom:
    room = parse(request_fields.CreateRoomFields, message).room
    for path, flaw in (("room.id", flaw_of_room_id(room.id)), ("room.name", flaw_of_name(room.name, MAX_ROOM_ID))):
        if flaw:
            raise InvalidRequest.field(path, flaw)
    return CreateRoom(
        id=room.id, name=room.name, description=room.description, max_size=room.max_size, events=room.events
    )


def _delete_room(message: Message) -> DeleteRoom:
    return DeleteRoom(parse(request_fields.RoomFields, message).room_id)


def _ping(message: Message) -> Ping:
    parse(request_fields.NoFields, message)
    return Ping()


_BY_TYPE: Mapping[str, Callable[[Message], SessionRequest]] = {
    "connect": _connect,
    "trigger": _trigger,
    "triggerBatch": _trigger_batch,
    "join": _join,
    "leave": _leave,
    "subscribe": _subscribe,
    "unsubscribe": _unsubscribe,
    "getHistory": _get_history,
    "markRead": _mark_read,
    "listMembers": _list_members,
    "listRooms": _list_rooms,
    "createRoom": _create_room,
    "deleteRoom": _delete_room,
    "ping": _ping,
}
