"""From a Socket.IO packet to the request that it is.

Packets are taken apart by python-socketio; the JSON in them is read as that of every other frame is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from time import monotonic
from typing import Any, Protocol

from anyio import to_thread

from ...application.sessions.requests import Asked, Connect, Earlier, Refresh, SessionRequest
from ...domain.errors import DialogueError, InvalidRequest
from ...domain.json_value import MAX_VALUES
from ...domain.page import DEFAULT_LIMIT, MAX_LIMIT
from ..wire.frame_reader import FrameReader
from ..wire.request_reader import request_of
from .sent_log import Mark

NAMESPACE = "/"
MAX_NAMESPACE = 255
MAX_ACK_ID = 2**53
CONNECT, DISCONNECT, EVENT, ACK, _, BINARY_EVENT, BINARY_ACK = range(7)
"""The types of packets (Socket.IO protocol, version 5)."""
_BINARY = (BINARY_EVENT, BINARY_ACK)
_GRAMMAR = "socketio.packet"

Fields = Mapping[str, object]


class Established(Protocol):
    """What a connection knows of its own CONNECT."""

    def established(self, *, is_resumed: bool) -> tuple[str | None, list[Mark]]:
        """The name under which the session can be recovered, None where it cannot; and what is to be sent again."""
        ...


@dataclass(frozen=True, slots=True)
class Handshake:
    """Under this a CONNECT is answered."""

    namespace: str
    connection: Established


@dataclass(frozen=True, slots=True)
class Call:
    """Under this a request is answered: what it was, and whether an acknowledgement is asked for."""

    name: str
    ack_id: int | None
    fields: dict[str, object]


class Leaving:
    """The client says that it goes."""


class Nothing:
    """A packet that asks for nothing."""


async def load_grammar() -> None:
    """Load python-socketio, when the first client comes that speaks it.

    With all that it imports it takes a quarter of a second and 25 MiB, which a start without such clients does not need
    to spend; in a thread, since nobody else may wait for it.
    """
    if _GRAMMAR not in sys.modules:
        await to_thread.run_sync(import_module, _GRAMMAR)


class PacketReader:
    """Reads the packets of one client; `claims_of` adds what the server has seen of it to what it says of itself."""

    def __init__(
        self,
        connection: Established,
        claims_of: Callable[[Fields], Fields],
        max_values: int = MAX_VALUES,
    ) -> None:
        self._connection = connection
        self._claims_of = claims_of
        self._frames = FrameReader(max_values, whole="packet")
        self._packet = import_module(_GRAMMAR).Packet
        self._attachments = 0
        self.pid: str | None = None
        self.offset: str | None = None

    def read(self, text: str | None, arrived_at: float | None, earlier: Earlier | None) -> Asked | Leaving | Nothing:
        """What the packet asks, or why it cannot be read; None stands for one that is binary."""
        arrived_at = monotonic() if arrived_at is None else arrived_at
        if text is None:
            if self._attachments:
                self._attachments -= 1  # of an event that was refused
                return Nothing()
            return Asked(InvalidRequest.field("packet", "must be text, not binary"), None, arrived_at)
        call: Call | Handshake | None = None
        try:
            packet = self._taken_apart(text)
            namespace = packet.namespace or NAMESPACE
            if packet.packet_type == CONNECT:
                call = Handshake(namespace, self._connection)
                return Asked(self._connect(packet, namespace, earlier), call, arrived_at, len(text))
            if namespace != NAMESPACE:
                raise InvalidRequest.field("namespace", f"must be {NAMESPACE}")
            if packet.packet_type == DISCONNECT:
                return Leaving()
            if packet.packet_type == ACK:
                return Nothing()
            call = _call(packet)
            if packet.packet_type in _BINARY:
                self._attachments = packet.attachment_count
                raise InvalidRequest.field("packet", "must hold no binary data: send it as text")
            if packet.packet_type != EVENT:
                raise InvalidRequest.field("packet", "must be CONNECT, DISCONNECT, EVENT or ACK")
            self._frames.refuse_flaws(call.fields)
            request = _request(call)
            if isinstance(request, Refresh):
                request = Refresh(self._claims_of(request.claims))
            return Asked(request, call, arrived_at, len(text))
        except DialogueError as error:
            return Asked(error, call, arrived_at, len(text))

    def loads(self, text: str) -> object:
        """JSON, as python-socketio asks for it."""
        return self._frames.read_any(text)

    def _taken_apart(self, text: str) -> Any:
        packet = self._packet()
        packet.json = self
        try:
            packet.attachment_count = packet.decode(text) or 0
        except ValueError as error:
            raise InvalidRequest.field("packet", "must be a packet of Socket.IO") from error
        if packet.id is not None and packet.id > MAX_ACK_ID:
            raise InvalidRequest.field("packet", f"must have an id of at most {MAX_ACK_ID}")
        return packet

    def _connect(self, packet: Any, namespace: str, earlier: Earlier | None) -> SessionRequest | DialogueError:
        if namespace != NAMESPACE:
            return InvalidRequest.field("namespace", f"must be {NAMESPACE}: there is no other")
        said = {} if packet.data is None else packet.data
        if not isinstance(said, dict):
            return InvalidRequest.field("auth", "must be an object")
        self._frames.refuse_flaws(said)
        pid, offset = said.get("pid"), said.get("offset")
        self.pid = pid if isinstance(pid, str) else None
        self.offset = offset if offset is None or isinstance(offset, str) else ""  # which was never given
        return Connect(self._claims_of({name: said[name] for name in said if name not in ("pid", "offset")}), earlier)


def _call(packet: Any) -> Call:
    said = packet.data
    if not isinstance(said, list) or not said or not isinstance(said[0], str):
        raise InvalidRequest.field("packet", "must be an array that begins with the event's name")
    fields = said[1] if len(said) > 1 else {}
    call = Call(said[0], packet.id, fields if isinstance(fields, dict) else {})
    if not isinstance(fields, dict) and packet.packet_type not in _BINARY:
        raise InvalidRequest.field(said[0][:100], "must come with one object")
    return call


def _request(call: Call) -> SessionRequest:
    message = _MESSAGES.get(call.name)
    if message is None:
        raise InvalidRequest.field("packet", f"must be one of {', '.join(_MESSAGES)}")
    return request_of(message(call.fields))


def _same(kind: str) -> Callable[[Fields], Fields]:
    return lambda fields: {**fields, "type": kind}


def _of_one_name(kind: str) -> Callable[[Fields], Fields]:
    def message(fields: Fields) -> Fields:
        name = fields.get("eventName")
        if not isinstance(name, str):
            raise InvalidRequest.field("eventName", "must be a text")
        return {"type": kind, "roomId": fields.get("roomId"), "events": [name]}

    return message


def _join(fields: Fields) -> Fields:
    return {"type": "join", "roomId": fields.get("roomId")}


def _subscribe_all(fields: Fields) -> Fields:
    return {"type": "subscribe", "roomId": fields.get("roomId"), "events": ["*"]}


def _get_history(fields: Fields) -> Fields:
    start, end = page_of(fields)
    asked = {"roomId": fields.get("roomId"), "event": fields.get("eventName"), "start": start, "end": end}
    return {"type": "getHistory", **asked}


def page_of(fields: Fields) -> tuple[object, object]:
    """From where to where a page is asked for; where nothing is said, the newest."""
    if fields.get("start") is None and fields.get("end") is None:
        return 0, DEFAULT_LIMIT
    return fields.get("start"), fields.get("end")


def _list_rooms(_: Fields) -> Fields:
    return {"type": "listRooms", "limit": MAX_LIMIT}


def _create_room(fields: Fields) -> Fields:
    return {"type": "createRoom", "room": dict(fields)}


_MESSAGES: Mapping[str, Callable[[Fields], Fields]] = {
    "dialogue:trigger": _same("trigger"),
    "dialogue:join": _join,
    "dialogue:leave": _same("leave"),
    "dialogue:subscribe": _of_one_name("subscribe"),
    "dialogue:unsubscribe": _of_one_name("unsubscribe"),
    "dialogue:subscribeAll": _subscribe_all,
    "dialogue:getHistory": _get_history,
    "dialogue:listRooms": _list_rooms,
    "dialogue:createRoom": _create_room,
    "dialogue:deleteRoom": _same("deleteRoom"),
    # The ancestor has not these; their answers are acknowledgements.
    "dialogue:triggerBatch": _same("triggerBatch"),
    "dialogue:markRead": _same("markRead"),
    "dialogue:listMembers": _same("listMembers"),
    "dialogue:refresh": _same("refresh"),
}
"""Each request, as the message of `dialogue.v1` that it is."""
