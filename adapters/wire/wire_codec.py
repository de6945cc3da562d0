"""The codec of `dialogue.v1`."""

from __future__ import annotations

from collections.abc import Sequence

from ...application.sessions.answers import Answer
from ...application.sessions.frame import Frame
from ...application.sessions.notice import (
    Marked,
    MemberJoined,
    MemberLeft,
    Notice,
    PutIntoRoom,
    RoomCreated,
    RoomDeleted,
    RoomSize,
    TakenOut,
)
from ...application.sessions.requests import RequestId
from ...domain.event import Event
from . import messages
from .answers import wire_answer
from .frames import event_bytes, frame, in_runs, json_bytes, wire_position, wire_room
from .messages import given


class WireCodec:
    """Encodes for the WebSockets of `dialogue.v1`."""

    def __init__(self, max_out_frame: int) -> None:
        self._max_out_frame = max_out_frame

    def events(self, room_id: str, events: Sequence[Event]) -> list[Frame]:
        """See `Codec.events`."""
        head = b'{"type":"events","roomId":' + json_bytes(room_id) + b',"events":['
        if len(events) == 1:
            return [Frame(head + event_bytes(events[0]) + b"]}")]
        runs = in_runs(map(event_bytes, events), len(head) + 2, self._max_out_frame)
        return [Frame(head + b",".join(run) + b"]}") for run in runs]

    def answer(self, answer: Answer, request_id: RequestId) -> Frame:
        """See `ClientCodec.answer`."""
        return frame(wire_answer(answer, self._max_out_frame), request_id)

    def notice(self, notice: Notice) -> Frame:
        """See `Codec.notice`."""
        return frame(_message(notice))


def _message(notice: Notice) -> messages.Message:
    match notice:
        case PutIntoRoom():
            return messages.Joined(
                room_id=notice.room_id,
                room_name=notice.room_name,
                events=notice.events,
                position=wire_position(notice.position),
                history=[],
                has_more=notice.has_more,
            )
        case TakenOut(room_id=room_id, reason=reason):
            return messages.Left(room_id=room_id, reason=reason)
        case RoomCreated(room=room):
            return messages.RoomCreated(room=wire_room(room))
        case RoomDeleted(room_id=room_id):
            return messages.RoomDeleted(room_id=room_id)
        case RoomSize(room_id=room_id, size=size, users=users):
            return messages.RoomSize(room_id=room_id, size=size, users=given(users))
        case MemberJoined(room_id=room_id, user_id=user_id):
            return messages.MemberJoined(room_id=room_id, user_id=user_id)
        case MemberLeft(room_id=room_id, user_id=user_id):
            return messages.MemberLeft(room_id=room_id, user_id=user_id)
        case Marked():
            return messages.Marked(room_id=notice.room_id, seq=notice.seq, unread=notice.unread)
