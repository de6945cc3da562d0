"""The frames that the server sends, as `protocol.md` writes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import UNSET, Raw, structs

from ...application.sessions.frame import Frame
from ...application.sessions.notice import RoomInfo
from ...domain.event import Event
from ...domain.event_definition import EventDefinition
from ...domain.position import Position
from . import messages
from .messages import given

_encoder = msgspec.json.Encoder()


def wire_event(event: Event) -> messages.Event:
    """An event as it travels."""
    return messages.Event(
        event=event.name,
        room_id=event.room_id,
        data=Raw(event.payload),
        sender=event.sender,
        timestamp=event.timestamp_ms,
        seq=UNSET if event.seq is None else event.seq,
        meta=UNSET if event.meta is None else Raw(event.meta),
        redacted=event.is_redacted,
    )


def event_bytes(event: Event) -> bytes:
    """The event as JSON."""
    return _encoder.encode(wire_event(event))


def wire_events(events: Iterable[Event]) -> list[messages.Event]:
    """The events as they travel, in the same order."""
    return [wire_event(event) for event in events]


def wire_position(position: Position) -> messages.Position:
    """A position as it travels."""
    return messages.Position(epoch=position.epoch, seq=position.seq)


def wire_room(room: RoomInfo) -> messages.Room:
    """A room as it travels; what there is not is left out."""
    return messages.Room(
        id=room.id,
        name=room.name,
        description=given(room.description),
        size=room.size,
        users=given(room.users),
        max_size=given(room.max_size),
        created_by_id=given(room.created_by_id),
        unread=given(room.unread),
    )


def wire_definition(definition: EventDefinition[Any]) -> dict[str, object]:
    """An event that a room allows, as it travels."""
    return compact(
        name=definition.name,
        description=definition.description,
        hasHistory=definition.has_history,
        schema=definition.json_schema,
    )


def fields_of(message: messages.Part) -> dict[str, object]:
    """What stands in a message but for its type, for a way in that writes it otherwise."""
    values = ((field, getattr(message, field.name)) for field in structs.fields(message))
    return {field.encode_name: value for field, value in values if value is not field.default}


def compact(**fields: object) -> dict[str, object]:
    """The fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}


def encodable(fields: dict[str, object]) -> dict[str, object]:
    """`fields` without lone surrogates, which no JSON in UTF-8 can hold: a refusal may quote what somebody sent."""
    return {_clean(name): _clean(value) for name, value in fields.items()}


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_clean(item) for item in value]
    return encodable(value) if isinstance(value, dict) else value


def json_bytes(value: object) -> bytes:
    """Any of the above as JSON."""
    return _encoder.encode(value)


def frame(message: messages.Message, request_id: Any = None) -> Frame:
    """The frame of a message, with the id of the request that it answers where there is one."""
    if request_id is not None:
        message.id = request_id
    return Frame(_encoder.encode(message))


def in_runs(encoded: Iterable[bytes], size: int, limit: int) -> Iterator[list[bytes]]:
    """Cut into runs, in order, of at most `limit` bytes with `size` around each and 1 between two; none is empty."""
    run: list[bytes] = []
    taken = size
    for each in encoded:
        if run and taken + len(each) + 1 > limit:
            yield run
            run, taken = [], size
        run.append(each)
        taken += len(each) + 1
    if run:
        yield run
