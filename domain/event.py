"""What happened in a room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Generic, cast

from typing_extensions import TypeVar

from . import json_value
from .errors import ConfigurationError, InvalidEvent, PayloadMismatch, Redacted

if TYPE_CHECKING:
    from .draft import Draft
    from .event_definition import EventDefinition

Data_co = TypeVar("Data_co", default=Any, covariant=True)
Data = TypeVar("Data", default=Any)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Generic[Data_co]):
    """One thing that happened in a room; `Event[ChatMessage]` is one whose `data` is a `ChatMessage`.

    `seq` is its place in the room, `event_seq` its place among the events of its name, both from 1 on without holes; an
    event without history has neither. `timestamp_ms` never runs backwards within a room. `payload` and `meta` are JSON
    in UTF-8: the wire, the buffer and the archive pass them on as they are. A redacted event is a tombstone: its
    payload is JSON's null. `epoch` is the life of the room in which it got its place, where that is known.

    What is kept is JSON, perhaps of an older schema. So `data` is validated when it is asked for, for this event alone.
    """

    room_id: str
    name: str
    payload: bytes
    sender: str
    timestamp_ms: int
    seq: int | None = None
    event_seq: int | None = None
    meta: bytes | None = None
    is_redacted: bool = False
    epoch: str | None = field(default=None, compare=False)
    definition: EventDefinition[Any] | None = field(default=None, compare=False, repr=False)

    @property
    def json(self) -> Any:
        """The payload as plain JSON, decoded anew at each call; None in a tombstone."""
        return json_value.decode(self.payload)

    @property
    def data(self) -> Data_co:
        """The payload as its definition's schema reads it, made anew at each call; without a definition, as `json`.

        Raises Redacted for a tombstone, and PayloadMismatch where the schema does not take what was kept.
        """
        definition = self.definition
        if definition is None:
            return cast(Data_co, self.json)
        if self.is_redacted:
            raise Redacted(self.room_id, self.name, self.seq)
        try:
            return cast(Data_co, definition.read(self.payload))
        except InvalidEvent as error:
            raise PayloadMismatch(self.room_id, self.name, self.seq, error.problems) from error

    def typed(self, definition: EventDefinition[Data]) -> Event[Data]:
        """The same event, with `data` as `definition` reads it; where that has no schema, as it is.

        Raises ConfigurationError for the definition of another name, or a pattern that does not stand for this one.
        """
        if not definition.stands_for(self.name):
            raise ConfigurationError(f"An event {self.name!r} cannot be read as {definition.name!r}")
        given = None if definition.schema is None else definition
        return cast("Event[Data]", self if given is self.definition else replace(self, definition=given))

    @property
    def place(self) -> int:
        """`seq` of an event that is known to have history."""
        assert self.seq is not None, "an event without history has no place"
        return self.seq

    @property
    def stream_place(self) -> int:
        """`event_seq` of an event that is known to have history."""
        assert self.event_seq is not None, "an event without history has no place"
        return self.event_seq

    @classmethod
    def of(
        cls,
        *,
        room_id: str,
        name: str,
        data: object,
        sender: str,
        timestamp_ms: int,
        seq: int | None = None,
        epoch: str | None = None,
        meta: Mapping[str, object] | None = None,
        is_redacted: bool = False,
    ) -> Event:
        """An event from Python values, as an application's own storage gives it back.

        `seq` and `epoch` go together: a place is one in a life of the room. One that `is_redacted` is a tombstone,
        whose `data` is None. Raises InvalidEvent where `data` or `meta`
        is no JSON that could be kept.
        """
        return cls(
            room_id=room_id,
            name=name,
            payload=json_value.keepable(data, "data"),
            sender=sender,
            timestamp_ms=timestamp_ms,
            seq=seq,
            epoch=epoch,
            meta=None if meta is None else json_value.keepable(meta, "meta"),
            is_redacted=is_redacted,
        )


class _Unfrozen(Generic[Data_co]):
    """An event while it is made: the same slots, which can be set."""

    __slots__ = Event.__slots__


def make_event(
    room_id: str,
    name: str,
    payload: bytes,
    sender: str,
    timestamp_ms: int,
    seq: int | None,
    event_seq: int | None,
    meta: bytes | None,
    is_redacted: bool,
    epoch: str | None,
) -> Event:
    """The same as `Event(...)`, for code that makes many: a frozen dataclass sets each of its own fields the slow way,
    which takes ten times as long as this."""
    made: Any = object.__new__(_Unfrozen)
    made.room_id = room_id
    made.name = name
    made.payload = payload
    made.sender = sender
    made.timestamp_ms = timestamp_ms
    made.seq = seq
    made.event_seq = event_seq
    made.meta = meta
    made.is_redacted = is_redacted
    made.epoch = epoch
    made.definition = None
    made.__class__ = Event
    return cast(Event, made)


def weight(event: Event | Draft) -> int:
    """How many bytes of JSON the event takes on the wire at most, whatever its names need escaped."""
    names = len(event.room_id) + len(event.name) + len(event.sender)
    return len(event.payload) + len(event.meta or b"") + 4 * names + 160
