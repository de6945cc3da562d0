"""What a client's requests are answered with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...domain.errors import DialogueError
from ...domain.page import Page
from ..rooms.list_rooms import RoomList
from ..rooms.tell_members import MemberList
from .join_room import Joined
from .notice import Marked, RoomCreated, RoomDeleted


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """The client is known as this user, until then, and what holds for its connection.

    `resumed` are the joins by which it goes on where its earlier connection was, with all that it missed; None where it
    begins anew.
    """

    client_id: str
    user_id: str
    heartbeat_s: float
    max_frame: int
    expires_at_ms: int | None = None
    resumed: tuple[Joined, ...] | None = None


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The client is known until then, or for ever."""

    expires_at_ms: int | None


@dataclass(frozen=True, slots=True)
class Left:
    """The session has left a room."""

    room_id: str


@dataclass(frozen=True, slots=True)
class Subscribed:
    """All names that the session now receives of a room."""

    room_id: str
    events: Sequence[str]


@dataclass(slots=True, kw_only=True)
class Triggered:
    """An event was kept, now or before, or, without history, sent on."""

    room_id: str
    event: str
    timestamp_ms: int
    seq: int | None
    is_duplicate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggeredBatch:
    """The events of a batch were kept, now or before, one behind the other."""

    room_id: str
    timestamp_ms: int
    seqs: Sequence[int]
    is_duplicate: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """A request was refused."""

    error: DialogueError


@dataclass(frozen=True, slots=True)
class Pong:
    """The server is there."""


Answer = (
    Connected
    | Refreshed
    | Joined
    | Left
    | Subscribed
    | Triggered
    | TriggeredBatch
    | Page
    | Marked
    | MemberList
    | RoomList
    | RoomCreated
    | RoomDeleted
    | Refused
    | Pong
)
