"""The answers to requests, as `protocol.md` writes them."""

from __future__ import annotations

from msgspec import UNSET

from ...application.rooms.list_rooms import RoomList
from ...application.rooms.tell_members import MemberList
from ...application.sessions.answers import (
    Answer,
    Connected,
    Left,
    Pong,
    Refreshed,
    Refused,
    Subscribed,
    Triggered,
    TriggeredBatch,
)
from ...application.sessions.join_room import Joined
from ...application.sessions.limits import ENVELOPE_SIZE
from ...application.sessions.notice import Marked, RoomCreated, RoomDeleted
from ...domain.errors import DialogueError
from ...domain.page import Page
from . import messages
from .frames import encodable, json_bytes, wire_events, wire_position, wire_room
from .messages import given


def wire_answer(answer: Answer, max_out_frame: int) -> messages.Message:
    """The message that answers."""
    match answer:
        case Triggered():
            return _triggered(answer)
        case TriggeredBatch():
            return messages.TriggeredBatch(
                room_id=answer.room_id,
                timestamp=answer.timestamp_ms,
                seqs=list(answer.seqs),
                duplicate=answer.is_duplicate,
            )
        case Page():
            return wire_page(answer)
        case Joined():
            return _joined(answer)
        case Refused(error=error):
            return _error(error)
        case Connected():
            return _connected(answer)
        case Refreshed(expires_at_ms=expires_at_ms):
            return messages.Refreshed(expires_at=given(expires_at_ms))
        case Left(room_id=room_id):
            return messages.Left(room_id=room_id)
        case Subscribed(room_id=room_id, events=events):
            return messages.Subscribed(room_id=room_id, events=events)
        case Marked(room_id=room_id, seq=seq, unread=unread):
            return messages.Marked(room_id=room_id, seq=seq, unread=unread)
        case MemberList(room_id=room_id, sessions=sessions):
            members = [messages.Member(user_id=user_id, sessions=count) for user_id, count in sessions.items()]
            return messages.Members(room_id=room_id, members=members)
        case RoomList():
            return wire_rooms(answer, max_out_frame)
        case RoomCreated(room=room):
            return messages.RoomCreated(room=wire_room(room))
        case RoomDeleted(room_id=room_id):
            return messages.RoomDeleted(room_id=room_id)
        case Pong():
            return messages.Pong()


def wire_page(page: Page) -> messages.History:
    """A page as it travels."""
    return messages.History(
        room_id=page.room_id,
        event=given(page.event_name),
        epoch=page.epoch,
        events=wire_events(page.events),
        has_more=page.has_more,
        has_more_after=given(page.has_more_after),
    )


def wire_rooms(listed: RoomList, max_out_frame: int) -> messages.Rooms:
    """A list of rooms as it travels; it ends before it would pass `max_out_frame`."""
    space = max_out_frame - ENVELOPE_SIZE
    cursor = listed.cursor
    rooms: list[messages.Room] = []
    for room in listed.rooms:
        wired = wire_room(room)
        space -= len(json_bytes(wired)) + 1
        if rooms and space < 0:
            cursor = listed.rooms[len(rooms) - 1].id
            break
        rooms.append(wired)
    return messages.Rooms(rooms=rooms, cursor=given(cursor), may_create=listed.may_create)


def _connected(answer: Connected) -> messages.Connected:
    seconds = answer.heartbeat_s
    return messages.Connected(
        client_id=answer.client_id,
        user_id=answer.user_id,
        heartbeat=int(seconds) if seconds.is_integer() else seconds,
        max_frame=answer.max_frame,
        expires_at=given(answer.expires_at_ms),
    )


def _joined(answer: Joined) -> messages.Joined:
    return messages.Joined(
        room_id=answer.room.id,
        room_name=answer.room.name,
        events=answer.events,
        position=wire_position(answer.position),
        recovered=given(answer.recovered),
        history=wire_events(answer.history),
        has_more=answer.has_more,
    )


def _triggered(answer: Triggered) -> messages.Triggered:
    return messages.Triggered(
        room_id=answer.room_id,
        event=answer.event,
        timestamp=answer.timestamp_ms,
        seq=UNSET if answer.seq is None else answer.seq,
        duplicate=answer.is_duplicate,
    )


def _error(error: DialogueError) -> messages.Error:
    said = encodable({"message": error.message, "details": error.details})
    return messages.Error(code=error.code, message=str(said["message"]), details=given(said["details"]))
