"""What a client asks of the server, decoded; every field has been checked for type and size."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic

from ...domain.errors import DialogueError
from ...domain.new_event import NewEvent
from ...domain.page import PageRequest
from ...domain.position import Position

RequestId = object
"""What a request is known by: its codec's alone to read, which gets it back with the answer. In `dialogue.v1` it is a
text, an integer or None."""


@dataclass(frozen=True, slots=True)
class Join:
    """Join a room, or join it again; `since` is a position that the client has seen."""

    room_id: str
    events: Sequence[str] | None = None
    since: Position | None = None


Earlier = Callable[[str], Awaitable[Sequence[Join] | None]]
"""Given the user whom a client turned out to be: the joins, each with its `since`, that put it where its earlier
connection was; None where there was no such connection, or it was another user's."""


@dataclass(frozen=True, slots=True)
class Connect:
    """Say who one is; `claims` are the client's, and what the server itself has seen of it. With `earlier` the client
    goes on where an earlier connection of its has ended."""

    claims: Mapping[str, object]
    earlier: Earlier | None = None


@dataclass(frozen=True, slots=True)
class Refresh:
    """Say anew who one is, before what was said runs out; `claims` are as in Connect."""

    claims: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Leave:
    """Leave a room."""

    room_id: str


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Receive a room's events of these names too."""

    room_id: str
    events: Sequence[str]


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Receive a room's events of these names no more."""

    room_id: str
    events: Sequence[str]


@dataclass(slots=True)
class Trigger:
    """Publish an event.

    Neither this nor what it comes in is frozen: they are made for each event, and that would take four times as long.
    """

    room_id: str
    event: str
    data: object
    meta: Mapping[str, object] | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class TriggerBatch:
    """Publish several events: all of them, or none."""

    room_id: str
    events: Sequence[NewEvent]
    key: str | None = None


@dataclass(frozen=True, slots=True)
class GetHistory:
    """Read a page of history."""

    page: PageRequest


@dataclass(frozen=True, slots=True)
class MarkAsRead:
    """Say how far the user has read."""

    room_id: str
    seq: int


@dataclass(frozen=True, slots=True)
class GetMembers:
    """List who is in a room."""

    room_id: str


@dataclass(frozen=True, slots=True)
class GetRooms:
    """List the rooms."""

    cursor: str
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRoom:
    """Make a room."""

    id: str
    name: str
    description: str | None = None
    max_size: int | None = None
    events: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class DeleteRoom:
    """Delete a room that was made at run time."""

    room_id: str


@dataclass(frozen=True, slots=True)
class Ping:
    """Ask for an answer, and nothing else."""


@dataclass(frozen=True, slots=True)
class Unfit:
    """A request of a kind that is known, whose fields are not as they must be."""

    error: DialogueError


SessionRequest = (
    Connect
    | Refresh
    | Join
    | Leave
    | Subscribe
    | Unsubscribe
    | Trigger
    | TriggerBatch
    | GetHistory
    | MarkAsRead
    | GetMembers
    | GetRooms
    | CreateRoom
    | DeleteRoom
    | Ping
    | Unfit
)


@dataclass(slots=True)
class Asked:
    """One request as it came: what was asked, or why that could not be read; under which id; when; and how large."""

    request: SessionRequest | DialogueError
    id: RequestId = None
    arrived_at: float = field(default_factory=monotonic)
    size: int = 0

    def log_fields(self) -> dict[str, object]:
        """What the log says of it: its kind, its id, its room and its event's name, and nothing that it holds."""
        asked = self.request.page if isinstance(self.request, GetHistory) else self.request
        found = {
            "request": type(self.request).__name__,
            "request_id": self.id if isinstance(self.id, str | int) else None,
            "room": getattr(asked, "room_id", None),
            "event_name": getattr(asked, "event", None) or getattr(asked, "event_name", None),
        }
        return {name: value for name, value in found.items() if value is not None}
