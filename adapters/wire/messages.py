"""The messages that the server sends, as `protocol.md` writes them: they are encoded from these, and described."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import UNSET, Meta, Raw, Struct, UnsetType, field

MAX_REQUEST_ID = 64


class Part(Struct, rename="camel", omit_defaults=True, kw_only=True):
    """What messages are made of: camelCase names, and what there is not is left out."""


Id = Annotated[
    Annotated[str, Meta(max_length=MAX_REQUEST_ID)] | int | UnsetType,
    Meta(description="That of the request that it answers; left out where it answers none, or one without."),
]


class Message(Part, tag_field="type", kw_only=True):
    """A message; its type, the first field, is the tag of its class."""

    id: Id = UNSET


RoomId = Annotated[str, Meta(description="The room.")]
UserId = Annotated[str, Meta(description="The user.")]
EventName = Annotated[str, Meta(description="The event's name.")]
Names = Annotated[Sequence[str], Meta(description="The names of the events that the client now receives.")]
Timestamp = Annotated[int, Meta(description="Milliseconds since the Unix epoch.")]
ExpiresAt = Annotated[
    int | UnsetType,
    Meta(
        description="When the connection is closed with 4401, without a refresh, in milliseconds since the Unix epoch; "
        "left out where it is not."
    ),
]
Duplicate = Annotated[bool, Meta(description="True where it had been kept before, for the same key.")]
Size = Annotated[int, Meta(ge=0, description="How many sessions are in it.")]
Users = Annotated[
    int | UnsetType, Meta(description="How many users these belong to; left out where they are too many to tell.")
]


class Event(Part, kw_only=True):
    """One thing that happened in a room; the payload passes as the bytes that were kept."""

    event: EventName
    room_id: RoomId
    data: Annotated[Raw, Meta(description="The payload, as the event's schema gave it back.")]
    sender: Annotated[str, Meta(description="The user id of the sender, as the server knows it.")] = field(name="from")
    timestamp: Annotated[int, Meta(description="Milliseconds since the Unix epoch; never runs backwards in a room.")]
    seq: Annotated[
        int | UnsetType, Meta(description="Its position in the room; left out for events without history.")
    ] = UNSET
    meta: (
        Annotated[Raw, Meta(description="The sender's own extra object.", extra_json_schema={"type": "object"})]
        | UnsetType
    ) = UNSET
    redacted: Annotated[bool, Meta(description="True where it was redacted: `data` is null.")] = False


class Position(Part, kw_only=True):
    """A place in one life of a room's history."""

    epoch: Annotated[str, Meta(description="Names the life.")]
    seq: Annotated[int, Meta(ge=0, description="The place.")]


class Room(Part, kw_only=True):
    """A room as its visitors see it."""

    id: Annotated[str, Meta(description="The room's id.")]
    name: Annotated[str, Meta(description="Its name, for people.")]
    description: Annotated[str | UnsetType, Meta(description="What it is for.")] = UNSET
    size: Size
    users: Users = UNSET
    max_size: Annotated[int | UnsetType, Meta(description="How many it holds; left out where unbounded.")] = UNSET
    created_by_id: Annotated[str | UnsetType, Meta(description="The user who made it at run time.")] = UNSET
    unread: Annotated[
        int | UnsetType, Meta(description="How many events came after the client's mark; left out where there is none.")
    ] = UNSET


class Connected(Message, tag="connected", kw_only=True):
    """The client is known as this user, and what holds for its connection."""

    client_id: Annotated[str, Meta(description="The connection's own name.")]
    user_id: Annotated[str, Meta(description="Who the client is, as the server knows it.")]
    heartbeat: Annotated[int | float, Meta(description="How often the server pings, in seconds.")]
    max_frame: Annotated[int, Meta(description="The largest frame that the server takes, in bytes.")]
    expires_at: ExpiresAt = UNSET


class Refreshed(Message, tag="refreshed", kw_only=True):
    """The connection goes on under the new token."""

    expires_at: ExpiresAt = UNSET


class Joined(Message, tag="joined", kw_only=True):
    """The client is in a room. Every event up to `position` is in `history` or older; later ones come live."""

    room_id: RoomId
    room_name: Annotated[str, Meta(description="The room's name, for people.")]
    events: Names
    position: Position
    recovered: Annotated[
        bool | UnsetType,
        Meta(description="Whether `history` is exactly what was missed; left out where nothing was asked for."),
    ] = UNSET
    history: Annotated[list[Event], Meta(description="Newest first.")]
    has_more: Annotated[bool, Meta(description="Whether there are older events.")]


class Left(Message, tag="left", kw_only=True):
    """The client is in a room no more."""

    room_id: RoomId
    reason: Annotated[str | UnsetType, Meta(description="Why, where the server took it out.")] = UNSET


class Subscribed(Message, tag="subscribed", kw_only=True):
    """All that the client now receives of a room."""

    room_id: RoomId
    events: Names


class Triggered(Message, tag="triggered", kw_only=True):
    """The event is kept, or without history sent on."""

    room_id: RoomId
    event: EventName
    timestamp: Timestamp
    seq: Annotated[int | UnsetType, Meta(description="Its position; left out for events without history.")] = UNSET
    duplicate: Duplicate = False


class TriggeredBatch(Message, tag="triggeredBatch", kw_only=True):
    """All events of the batch are kept, one behind the other."""

    room_id: RoomId
    timestamp: Timestamp
    seqs: Annotated[list[int], Meta(description="Their positions, without a gap.")]
    duplicate: Duplicate = False


class History(Message, tag="history", kw_only=True):
    """A contiguous run of a room's history."""

    room_id: RoomId
    event: Annotated[str | UnsetType, Meta(description="The one name asked for; left out where all were.")] = UNSET
    epoch: Annotated[str, Meta(description="The life of the room's history to which the seqs belong.")]
    events: Annotated[list[Event], Meta(description="Newest first.")]
    has_more: Annotated[bool, Meta(description="Whether there are more in the direction asked.")]
    has_more_after: Annotated[bool | UnsetType, Meta(description="For `around`: whether there are newer ones.")] = UNSET


class Marked(Message, tag="marked", kw_only=True):
    """How far the user has read a room; the user's other sessions are told without an `id`."""

    room_id: RoomId
    seq: Annotated[int, Meta(description="Up to there.")]
    unread: Annotated[int, Meta(description="How many events of others came after it; stops at 1,000.")]


class Member(Part, kw_only=True):
    """A user in a room."""

    user_id: UserId
    sessions: Annotated[int, Meta(ge=1, description="How many sessions the user has there.")]


class Members(Message, tag="members", kw_only=True):
    """Who is in a room, over all nodes."""

    room_id: RoomId
    members: list[Member]


class MemberJoined(Message, tag="memberJoined", kw_only=True):
    """A user's first session has come into a room with presence."""

    room_id: RoomId
    user_id: UserId


class MemberLeft(Message, tag="memberLeft", kw_only=True):
    """A user's last session has left a room with presence."""

    room_id: RoomId
    user_id: UserId


class Rooms(Message, tag="rooms", kw_only=True):
    """Some of the rooms, in order of id."""

    rooms: Annotated[list[Room], Meta(description="The rooms that the client may see.")]
    cursor: Annotated[str | UnsetType, Meta(description="Pass it on to get the next rooms; left out at the end.")] = (
        UNSET
    )
    may_create: Annotated[bool, Meta(description="Whether the client may make rooms.")]


class RoomCreated(Message, tag="roomCreated", kw_only=True):
    """Somebody made a room; all who may see it are told."""

    room: Room


class RoomDeleted(Message, tag="roomDeleted", kw_only=True):
    """A room is gone, with its history."""

    room_id: RoomId


class Pong(Message, tag="pong", kw_only=True):
    """The server is there."""


class Events(Message, tag="events", kw_only=True):
    """What happened in a room, oldest first. Encoded elsewhere, from the same events, once for all who receive it."""

    room_id: RoomId
    events: Annotated[list[Event], Meta(min_length=1, description="Oldest first.")]


class RoomSize(Message, tag="roomSize", kw_only=True):
    """How many are in a room, when that has changed."""

    room_id: RoomId
    size: Size
    users: Users = UNSET


class Error(Message, tag="error", kw_only=True):
    """A request was refused, or a frame could not be read."""

    code: Annotated[str, Meta(description="What is wrong, for programs.")]
    message: Annotated[str, Meta(description="What is wrong, for people.")]
    details: Annotated[Any, Meta(description="What a program can act on: paths and reasons, or a valid range.")] = UNSET


PUSHED: tuple[type[Message], ...] = (
    Events,
    Joined,
    Left,
    RoomSize,
    MemberJoined,
    MemberLeft,
    RoomCreated,
    RoomDeleted,
    Marked,
    Error,
)
"""What the server says of its own accord."""


def given(value: Any) -> Any:
    """`value`, or what leaves its field out where there is none."""
    return UNSET if value is None else value
