"""The requests of `protocol.md`, each field checked for type and size before anything else happens."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator
from pydantic.alias_generators import to_camel

from ...domain.errors import InvalidRequest, Problem
from ...domain.idempotency_key import MAX_KEY
from ...domain.names import MAX_EVENT_NAME, MAX_ROOM_ID
from ...domain.new_event import MAX_BATCH
from ...domain.page import (
    DEFAULT_LIMIT,
    MAX_LIMIT,
    After,
    AfterTime,
    Around,
    Before,
    BeforeTime,
    Newest,
    Offsets,
    PageForm,
    PageRequest,
)
from ...domain.position import Position

Parsed = TypeVar("Parsed", bound="Fields")

MAX_NAMES = 1_000
MAX_NUMBER = 2**53
MAX_REASON = 200
_SEQ = re.compile(r"[0-9]{1,16}")

RoomId = Annotated[str, StringConstraints(min_length=1, max_length=MAX_ROOM_ID)]
EventName = Annotated[str, StringConstraints(min_length=1, max_length=MAX_EVENT_NAME)]
Key = Annotated[str, StringConstraints(min_length=1, max_length=MAX_KEY)]
EventNames = Annotated[list[EventName], Field(max_length=MAX_NAMES)]
Number = Annotated[int, Field(ge=0, le=MAX_NUMBER)]
Text = Annotated[str, StringConstraints(max_length=2_000, pattern=r"^[^\x00]*$")]  # no database keeps NUL


class Fields(BaseModel):
    """What all requests share: camelCase names, no coercion; fields that are not known are ignored."""

    model_config = ConfigDict(strict=True, extra="ignore", alias_generator=to_camel, frozen=True)


class ConnectFields(Fields):
    """The first request of a connection."""

    auth: dict[str, Any] = Field(default_factory=dict)


class RefreshFields(Fields):
    """Says anew who one is, to stay connected when the token runs out: another token of the same user."""

    auth: dict[str, Any]


class NoFields(Fields):
    """A request without fields."""


class RoomFields(Fields):
    """A request that names a room and nothing else."""

    room_id: RoomId


class SinceFields(Fields):
    """A position that a client has seen."""

    epoch: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    seq: Number


class JoinFields(RoomFields):
    """Join a room, or join it again."""

    since: SinceFields | None = None
    events: EventNames | None = None


class StreamFields(Fields):
    """Receive a room's events as server-sent events; the names stand in the query, each as `event`."""

    event: Annotated[EventNames, Field(min_length=1)] | None = None


class SubscribeFields(RoomFields):
    """Receive events of these names, or receive them no more."""

    events: Annotated[EventNames, Field(min_length=1)]


class MarkReadFields(RoomFields):
    """Say how far the user has read."""

    seq: Number


class TriggerFields(RoomFields):
    """Publish an event."""

    event: EventName
    data: Any
    meta: dict[Any, Any] | None = None
    key: Key | None = None


class NewEventFields(Fields):
    """One event of a batch."""

    event: EventName
    data: Any
    meta: dict[Any, Any] | None = None


class TriggerBatchFields(RoomFields):
    """Publish several events, all or none."""

    events: Annotated[list[NewEventFields], Field(min_length=1, max_length=MAX_BATCH)]
    key: Key | None = None


class PostEventFields(Fields):
    """Publish an event over HTTP, where the room stands in the path, and the key in a header."""

    event: EventName
    data: Any
    meta: dict[Any, Any] | None = None
    key: None = None

    @field_validator("key", mode="before")
    @classmethod
    def _is_a_header(cls, key: object) -> None:
        if key is not None:
            raise ValueError("must be given as the header Idempotency-Key")


class EventPlaceFields(Fields):
    """A place in a room's history, in a path."""

    seq: Number


class RemovalFields(Fields):
    """Why somebody has to go, in a query."""

    reason: Annotated[str, StringConstraints(max_length=MAX_REASON, pattern=r"^[^\x00]*$")] = ""


class IdempotencyHeaderFields(Fields):
    """The header that makes a repeated request publish once."""

    key: Key | None = Field(default=None, alias="Idempotency-Key")


class ListRoomsFields(Fields):
    """List the rooms."""

    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = 100
    cursor: Annotated[str, StringConstraints(max_length=MAX_ROOM_ID)] = ""


class NewRoomFields(Fields):
    """The room that a client wants to make."""

    id: RoomId
    name: RoomId
    description: Text | None = None
    max_size: Annotated[int, Field(ge=1, le=MAX_NUMBER)] | None = None
    events: Annotated[EventNames, Field(min_length=1)] | None = None


class CreateRoomFields(Fields):
    """Make a room."""

    room: NewRoomFields


class HistoryFields(Fields):
    """The fields that choose a page; which may stand together is `page_form`'s to say."""

    event: EventName | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] | None = None
    before: Number | None = None
    after: Number | None = None
    around: Number | None = None
    before_time: Number | None = None
    after_time: Number | None = None
    start: Number | None = None
    end: Number | None = None
    anchor: Number | None = None
    epoch: Annotated[str, StringConstraints(max_length=64)] | None = None


class GetHistoryFields(HistoryFields, RoomFields):
    """Read a page of history."""


def parse(model: type[Parsed], fields: Mapping[str, object]) -> Parsed:
    """`fields` as a `model`. Raises InvalidRequest with each flaw."""
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise InvalidRequest([Problem(_path(each["loc"]), _message(each["msg"])) for each in found]) from None


def since(last_event_id: str) -> Position:
    """The position that a `Last-Event-ID` names: `<epoch>-<seq>`. Raises InvalidRequest."""
    epoch, _, seq = last_event_id.rpartition("-")
    fields = {"epoch": epoch, "seq": int(seq) if _SEQ.fullmatch(seq) else seq}
    try:
        position = parse(SinceFields, fields)
    except InvalidRequest as error:
        raise InvalidRequest.field("Last-Event-ID", "must be <epoch>-<seq>, as it was sent in `id:`") from error
    return Position(epoch=position.epoch, seq=position.seq)


def page_request(room_id: str, fields: HistoryFields) -> PageRequest:
    """The question that `fields` ask. Raises InvalidRequest where they are not one form."""
    form = page_form(fields)
    return PageRequest(
        room_id=room_id,
        event_name=fields.event,
        form=form,
        limit=DEFAULT_LIMIT if fields.limit is None else fields.limit,
        epoch=fields.epoch,
    )


def page_form(fields: HistoryFields) -> PageForm:
    """The form that `fields` choose. Raises InvalidRequest for two at once, and for half of one."""
    offsets = _offsets(fields)
    forms: dict[str, PageForm | None] = {
        "before": None if fields.before is None else Before(fields.before),
        "after": None if fields.after is None else After(fields.after),
        "around": None if fields.around is None else Around(fields.around),
        "beforeTime": None if fields.before_time is None else BeforeTime(fields.before_time),
        "afterTime": None if fields.after_time is None else AfterTime(fields.after_time),
        "start": offsets,
    }
    chosen = {name: form for name, form in forms.items() if form is not None}
    if len(chosen) > 1:
        first, second, *_ = chosen
        raise InvalidRequest.field(second, f"must not stand together with {first}")
    return next(iter(chosen.values()), Newest())


def _offsets(fields: HistoryFields) -> Offsets | None:
    if fields.start is None and fields.end is None:
        if fields.anchor is not None:
            raise InvalidRequest.field("anchor", "needs start and end")
        return None
    if fields.start is None or fields.end is None:
        raise InvalidRequest.field("start" if fields.start is None else "end", "is needed: start and end go together")
    if fields.limit is not None:
        raise InvalidRequest.field("limit", "must not stand together with start and end")
    return Offsets(fields.start, fields.end, fields.anchor)


def _message(text: str) -> str:
    return text.removeprefix("Value error, ")


def _path(parts: tuple[int | str, ...]) -> str:
    return ".".join(map(str, parts)) or "frame"
