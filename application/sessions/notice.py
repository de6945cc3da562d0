"""What the server tells a session without being asked."""

from __future__ import annotations

from dataclasses import dataclass

from ...domain.position import Position


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomInfo:
    """A room as its visitors see it.

    `size` counts sessions, `users` their users (None: too many to tell), and `unread` is the asking user's own.
    """

    id: str
    name: str
    size: int
    users: int | None
    description: str | None = None
    max_size: int | None = None
    created_by_id: str | None = None
    unread: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PutIntoRoom:
    """The server put the session into a room."""

    room_id: str
    room_name: str
    events: tuple[str, ...]
    position: Position
    has_more: bool


@dataclass(frozen=True, slots=True)
class TakenOut:
    """The server took the session out of a room."""

    room_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class RoomCreated:
    """Somebody made a room."""

    room: RoomInfo


@dataclass(frozen=True, slots=True)
class RoomDeleted:
    """A room is gone, with its history."""

    room_id: str


@dataclass(frozen=True, slots=True)
class RoomSize:
    """So many sessions are in a room, of so many users; None where these are too many to tell."""

    room_id: str
    size: int
    users: int | None


@dataclass(frozen=True, slots=True)
class MemberJoined:
    """A user's first session came into a room."""

    room_id: str
    user_id: str


@dataclass(frozen=True, slots=True)
class MemberLeft:
    """A user's last session in a room went."""

    room_id: str
    user_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """The user has read up to `seq` in a room, as another of its sessions said."""

    room_id: str
    seq: int
    unread: int


Notice = PutIntoRoom | TakenOut | RoomCreated | RoomDeleted | RoomSize | MemberJoined | MemberLeft | Marked
