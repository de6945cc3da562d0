"""From a text frame to the request that it holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any, Generic, TypeVar

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
    Refresh,
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
from . import messages
from .frame_reader import FrameReader
from .messages import MAX_REQUEST_ID
from .request_fields import (
    ConnectFields,
    CreateRoomFields,
    Fields,
    GetHistoryFields,
    JoinFields,
    ListRoomsFields,
    MarkReadFields,
    NoFields,
    RefreshFields,
    RoomFields,
    SubscribeFields,
    TriggerBatchFields,
    TriggerFields,
    page_request,
    parse,
)

F = TypeVar("F", bound=Fields)

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
    request = REQUESTS.get(kind) if isinstance(kind, str) else None
    if request is None:
        raise InvalidRequest.field("type", f"must be one of {', '.join(REQUESTS)}")
    try:
        return request.make(parse(request.fields, message))
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


def _connect(fields: ConnectFields) -> Connect:
    return Connect(fields.auth)


def _refresh(fields: RefreshFields) -> Refresh:
    return Refresh(fields.auth)


def _join(fields: JoinFields) -> Join:
    since = None if fields.since is None else Position(epoch=fields.since.epoch, seq=fields.since.seq)
    return Join(fields.room_id, fields.events, since)


def _leave(fields: RoomFields) -> Leave:
    return Leave(fields.room_id)


def _subscribe(fields: SubscribeFields) -> Subscribe:
    return Subscribe(fields.room_id, fields.events)


def _unsubscribe(fields: SubscribeFields) -> Unsubscribe:
    return Unsubscribe(fields.room_id, fields.events)


def _trigger(fields: TriggerFields) -> Trigger:
    return Trigger(fields.room_id, fields.event, fields.data, fields.meta, fields.key)


def _trigger_batch(fields: TriggerBatchFields) -> TriggerBatch:
    events = tuple(NewEvent(event.event, event.data, event.meta) for event in fields.events)
    return TriggerBatch(fields.room_id, events, fields.key)


def _get_history(fields: GetHistoryFields) -> GetHistory:
    return GetHistory(page_request(fields.room_id, fields))


def _mark_read(fields: MarkReadFields) -> MarkAsRead:
    return MarkAsRead(fields.room_id, fields.seq)


def _list_members(fields: RoomFields) -> GetMembers:
    return GetMembers(fields.room_id)


def _list_rooms(fields: ListRoomsFields) -> GetRooms:
    return GetRooms(fields.cursor, fields.limit)


def _create_room(fields: CreateRoomFields) -> CreateRoom:
    room = fields.room
    for path, flaw in (("room.id", flaw_of_room_id(room.id)), ("room.name", flaw_of_name(room.name, MAX_ROOM_ID))):
        if flaw:
            raise InvalidRequest.field(path, flaw)
    return CreateRoom(
        id=room.id, name=room.name, description=room.description, max_size=room.max_size, events=room.events
    )


def _delete_room(fields: RoomFields) -> DeleteRoom:
    return DeleteRoom(fields.room_id)


def _ping(_: NoFields) -> Ping:
    return Ping()


@dataclass(frozen=True, slots=True)
class Kind(Generic[F]):
    """A type of request: its fields, what they ask, and what it is answered with, where it is not refused."""

    fields: type[F]
    make: Callable[[F], SessionRequest]
    answer: type[messages.Message]


REQUESTS: Mapping[str, Kind[Any]] = {
    "connect": Kind(ConnectFields, _connect, messages.Connected),
    "refresh": Kind(RefreshFields, _refresh, messages.Refreshed),
    "trigger": Kind(TriggerFields, _trigger, messages.Triggered),
    "triggerBatch": Kind(TriggerBatchFields, _trigger_batch, messages.TriggeredBatch),
    "join": Kind(JoinFields, _join, messages.Joined),
    "leave": Kind(RoomFields, _leave, messages.Left),
    "subscribe": Kind(SubscribeFields, _subscribe, messages.Subscribed),
    "unsubscribe": Kind(SubscribeFields, _unsubscribe, messages.Subscribed),
    "getHistory": Kind(GetHistoryFields, _get_history, messages.History),
    "markRead": Kind(MarkReadFields, _mark_read, messages.Marked),
    "listMembers": Kind(RoomFields, _list_members, messages.Members),
    "listRooms": Kind(ListRoomsFields, _list_rooms, messages.Rooms),
    "createRoom": Kind(CreateRoomFields, _create_room, messages.RoomCreated),
    "deleteRoom": Kind(RoomFields, _delete_room, messages.RoomDeleted),
    "ping": Kind(NoFields, _ping, messages.Pong),
}
"""All that a client may ask. AsyncAPI is made from this, too."""
