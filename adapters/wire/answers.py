"""The answers to requests, as `protocol.md` writes them."""

from __future__ import annotations

from ...application.rooms.list_rooms import RoomList
from ...application.rooms.tell_members import MemberList
from ...application.sessions.answers import (
    Answer,
    Connected,
    Left,
    Pong,
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
from .frames import compact, encodable, json_bytes, wire_events, wire_position, wire_room

Fields = dict[str, object]


def wire_answer(answer: Answer, max_out_frame: int) -> tuple[str, Fields]:
    """The type of the message, and its fields."""
    match answer:
        case Triggered():
            return "triggered", _triggered(answer)
        case TriggeredBatch():
            return "triggeredBatch", _triggered_batch(answer)
        case Page():
            return "history", wire_page(answer)
        case Joined():
            return "joined", _joined(answer)
        case Refused(error=error):
            return "error", _error(error)
        case Connected():
            return "connected", _connected(answer)
        case Left(room_id=room_id):
            return "left", {"roomId": room_id}
        case Subscribed(room_id=room_id, events=events):
            return "subscribed", {"roomId": room_id, "events": events}
        case Marked(room_id=room_id, seq=seq, unread=unread):
            return "marked", {"roomId": room_id, "seq": seq, "unread": unread}
        case MemberList(room_id=room_id, sessions=sessions):
            return "members", {"roomId": room_id, "members": [_member(*each) for each in sessions.items()]}
        case RoomList():
            return "rooms", wire_rooms(answer, max_out_frame)
        case RoomCreated(room=room):
            return "roomCreated", {"room": wire_room(room)}
        case RoomDeleted(room_id=room_id):
            return "roomDeleted", {"roomId": room_id}
        case Pong():
            return "pong", {}


def wire_page(page: Page) -> Fields:
    """The fields of a page."""
    return compact(
        roomId=page.room_id,
        event=page.event_name,
        epoch=page.epoch,
        events=wire_events(page.events),
        hasMore=page.has_more,
        hasMoreAfter=page.has_more_after,
    )


def wire_rooms(listed: RoomList, max_out_frame: int) -> Fields:
    """The fields of a list of rooms; it ends before it would pass `max_out_frame`."""
    space = max_out_frame - ENVELOPE_SIZE
    cursor = listed.cursor
    rooms: list[Fields] = []
    for room in listed.rooms:
        wired = wire_room(room)
        space -= len(json_bytes(wired)) + 1
        if rooms and space < 0:
            cursor = listed.rooms[len(rooms) - 1].id
            break
        rooms.append(wired)
    return compact(rooms=rooms, cursor=cursor, mayCreate=listed.may_create)


def _connected(answer: Connected) -> Fields:
    seconds = answer.heartbeat_s
    return {
        "clientId": answer.client_id,
        "userId": answer.user_id,
        "heartbeat": int(seconds) if seconds.is_integer() else seconds,
        "maxFrame": answer.max_frame,
    }


def _joined(answer: Joined) -> Fields:
    return compact(
        roomId=answer.room.id,
        roomName=answer.room.name,
        events=answer.events,
        position=wire_position(answer.position),
        recovered=answer.recovered,
        history=wire_events(answer.history),
        hasMore=answer.has_more,
    )


def _triggered(answer: Triggered) -> Fields:
    return compact(
        roomId=answer.room_id,
        event=answer.event,
        timestamp=answer.timestamp_ms,
        seq=answer.seq,
        duplicate=True if answer.is_duplicate else None,
    )


def _triggered_batch(answer: TriggeredBatch) -> Fields:
    return compact(
        roomId=answer.room_id,
        timestamp=answer.timestamp_ms,
        seqs=list(answer.seqs),
        duplicate=True if answer.is_duplicate else None,
    )


def _member(user_id: str, sessions: int) -> Fields:
    return {"userId": user_id, "sessions": sessions}


def _error(error: DialogueError) -> Fields:
    return encodable(compact(code=error.code, message=error.message, details=error.details))
