"""What the ancestor's clients are told, as events of Socket.IO's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import count
from secrets import token_hex

from ...application.rooms.list_rooms import RoomList
from ...application.sessions.answers import Answer, Connected, Left, Refused
from ...application.sessions.frame import Closing, Frame
from ...application.sessions.join_room import Joined
from ...application.sessions.notice import (
    MemberJoined,
    MemberLeft,
    Notice,
    PutIntoRoom,
    RoomCreated,
    RoomDeleted,
    TakenOut,
)
from ...application.sessions.requests import RequestId
from ...domain.errors import DialogueError
from ...domain.event import Event
from ...domain.page import Page
from ...domain.position import Position
from ..wire.answers import wire_answer, wire_rooms
from ..wire.frames import compact, encodable, event_bytes, fields_of, in_runs, json_bytes, wire_events, wire_room
from .packet_reader import NAMESPACE, Call, Handshake, page_of
from .sent_log import Mark, MarkedFrame

SEPARATOR = b"\x1e"
"""What parts packets that travel together (Engine.IO 4); no JSON has it."""

NOTHING = Frame(b"")
"""For what this way in has no word; a connection leaves it out."""


class SocketIoCodec:
    """Encodes for clients of Socket.IO.

    With `counts` each event carries its offset as its last argument: a text that no other event of this node's has, and
    that a client which lost its connection gives back. Offsets rise in the order in which events are encoded, which is
    that in which each client gets them.
    """

    def __init__(self, max_out_frame: int, epoch_of: Callable[[str], str | None], *, counts: bool) -> None:
        self._max_out_frame = max_out_frame
        self._epoch_of = epoch_of
        self._life = token_hex(4)  # an offset of an earlier run of the server is none of this one
        self._numbers = count(1)
        self.counts = counts

    def events(self, room_id: str, events: Sequence[Event]) -> list[Frame]:
        """See `Codec.events`; each event is a packet, and those of one frame go out together."""
        packets = Packets(self)
        packets.events(room_id, self._epoch_of(room_id), events)
        return packets.frames(self._max_out_frame)

    def answer(self, answer: Answer, request_id: RequestId) -> Frame:
        """See `ClientCodec.answer`."""
        packets = Packets(self)
        if isinstance(request_id, Handshake):
            _answer_connect(packets, answer, request_id)
        else:
            call = request_id if isinstance(request_id, Call) else None
            if call is not None and call.ack_id is not None:
                packets.acknowledge(call.ack_id, _acknowledgement(answer, self._max_out_frame))
            self._tell(packets, answer, call)
        return packets.frame()

    def notice(self, notice: Notice) -> Frame:
        """See `Codec.notice`."""
        packets = Packets(self)
        match notice:
            case PutIntoRoom(room_id=room_id, room_name=room_name, position=position):
                packets.joined(room_id, room_name, position)
            case TakenOut(room_id=room_id, reason=reason):
                packets.left(room_id, reason=reason)
            case RoomCreated(room=room):
                packets.emit("roomCreated", wire_room(room))
            case RoomDeleted(room_id=room_id):
                packets.emit("roomDeleted", {"roomId": room_id})
            case MemberJoined(room_id=room_id, user_id=user_id):
                packets.emit("memberJoined", {"roomId": room_id, "userId": user_id})
            case MemberLeft(room_id=room_id, user_id=user_id):
                packets.emit("memberLeft", {"roomId": room_id, "userId": user_id})
            case _:
                return NOTHING
        return packets.frame()

    def farewell(self, closing: Closing) -> Frame:
        """Why the connection ends, for clients that are shown no close code; it has no offset, to be no place to come
        back to."""
        said = {"code": "CLOSED", "message": closing.reason, "closeCode": closing.code}
        return Frame(b"42" + _body("error", json_bytes(said)) + b"]")

    def next_offset(self) -> str:
        """The offset of the next event."""
        return f"{self._life}-{next(self._numbers)}"

    def _tell(self, packets: Packets, answer: Answer, call: Call | None) -> None:
        is_acknowledged = call is not None and call.ack_id is not None
        match answer:
            case Joined(room=room, position=position, history=history):
                packets.joined(room.id, room.name, position)
                if history:
                    packets.emit("history", {"roomId": room.id, "events": wire_events(history)})
            case Left(room_id=room_id):
                packets.left(room_id)
            case Page() if call is not None and not is_acknowledged:
                packets.emit("historyResponse", _page(answer, call))
            case RoomList() if not is_acknowledged:
                packets.emit("rooms", wire_rooms(answer, self._max_out_frame).rooms)
            case RoomCreated() | RoomDeleted():
                notice = self.notice(answer)
                assert isinstance(notice, MarkedFrame)
                packets.append(notice)
            case Refused(error=error):
                packets.emit("error", _error(error))
            case _:
                pass  # the ancestor has no word for it


class Packets:
    """Packets that go out together, in order."""

    def __init__(self, codec: SocketIoCodec) -> None:
        self._codec = codec
        self._packets: list[bytes] = []
        self._marks: list[Mark] = []

    def emit(self, name: str, value: object, *, is_kept: bool = True) -> None:
        """An event `dialogue:…`; with `is_kept` it is sent again to a client that comes back and has not read it."""
        self._emit(_body(name, json_bytes(value)), is_kept=is_kept)

    def joined(self, room_id: str, room_name: str, position: Position) -> None:
        """The client is in a room, and stands at `position`."""
        body = _body("joined", json_bytes({"roomId": room_id, "roomName": room_name}))
        self._emit(body, Mark("", room_id, "joined", position))

    def left(self, room_id: str, **reason: str) -> None:
        """The client is in a room no more."""
        self._emit(_body("left", json_bytes({"roomId": room_id, **reason})), Mark("", room_id, "left"))

    def events(self, room_id: str, epoch: str | None, events: Iterable[Event]) -> None:
        """What happened in a room, oldest first."""
        for event in events:
            has_place = epoch is not None and event.seq is not None
            position = Position(epoch=epoch or "", seq=event.seq or 0) if has_place else None
            self._emit(_body("event", event_bytes(event)), Mark("", room_id, "moved", position), is_kept=False)

    def again(self, mark: Mark) -> None:
        """What was lost, under a new offset."""
        assert mark.body is not None, "only what has a body is sent again"
        self._emit(mark.body, mark)

    def acknowledge(self, ack_id: int, value: object) -> None:
        """The acknowledgement that a request asked for."""
        self._packets.append(b"43%d[%b]" % (ack_id, json_bytes(value)))

    def put(self, packet: bytes) -> None:
        """A packet that is no event."""
        self._packets.append(packet)

    def append(self, frame: MarkedFrame) -> None:
        """What was encoded before."""
        self._packets += frame.messages
        self._marks += frame.marks

    def frame(self) -> Frame:
        """All of them as one frame."""
        if not self._packets:
            return NOTHING
        is_single = len(self._packets) == 1
        return MarkedFrame(
            SEPARATOR.join(self._packets), separator=None if is_single else SEPARATOR, marks=tuple(self._marks)
        )

    def frames(self, limit: int) -> list[Frame]:
        """All of them, which are events, in frames of at most `limit` bytes."""
        frames: list[Frame] = []
        taken = 0
        for run in in_runs(self._packets, 0, limit):
            separator = None if len(run) == 1 else SEPARATOR
            marks = tuple(self._marks[taken : taken + len(run)])
            frames.append(MarkedFrame(SEPARATOR.join(run), separator=separator, marks=marks))
            taken += len(run)
        return frames

    def _emit(self, body: bytes, mark: Mark | None = None, *, is_kept: bool = True) -> None:
        if not self._codec.counts:
            self._packets.append(b"42" + body + b"]")
            return
        offset = self._codec.next_offset()
        self._packets.append(b'42%b,"%b"]' % (body, offset.encode()))
        kept = body if is_kept else None
        self._marks.append(Mark(offset, body=kept) if mark is None else mark._replace(offset=offset, body=kept))


def _answer_connect(packets: Packets, answer: Answer, handshake: Handshake) -> None:
    of_namespace = b"" if handshake.namespace == NAMESPACE else handshake.namespace.encode() + b","
    if isinstance(answer, Refused):
        error: dict[str, object] = {"message": answer.error.message, "data": _error(answer.error)}
        packets.put(b"44" + of_namespace + json_bytes(encodable(error)))
        return
    assert isinstance(answer, Connected), "a CONNECT is answered with yes or no"
    pid, again = handshake.connection.established(is_resumed=answer.resumed is not None)
    packets.put(b"40" + json_bytes(compact(sid=answer.client_id, pid=pid)))
    packets.emit("connected", {"clientId": answer.client_id, "userId": answer.user_id}, is_kept=False)
    for mark in again:
        packets.again(mark)
    for joined in answer.resumed or ():
        packets.events(joined.room.id, joined.position.epoch, reversed(joined.history))


def _acknowledgement(answer: Answer, max_out_frame: int) -> dict[str, object]:
    if isinstance(answer, Refused):
        return {"error": _error(answer.error)}
    fields = fields_of(wire_answer(answer, max_out_frame))
    if isinstance(answer, Joined):
        fields.pop("history")  # which follows as an event
    return fields


def _page(page: Page, call: Call) -> dict[str, object]:
    start, end = page_of(call.fields)
    fields = {"roomId": page.room_id, "eventName": page.event_name, "events": wire_events(page.events)}
    return {**fields, "start": start, "end": end}


def _error(error: DialogueError) -> dict[str, object]:
    return encodable(compact(code=error.code, message=error.message, details=error.details))


def _body(name: str, value: bytes) -> bytes:
    return b'["dialogue:%b",%b' % (name.encode(), value)
