"""What the HTTP answers look like, for OpenAPI; the answers themselves are encoded by `wire`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class _Document(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, serialize_by_alias=True)


class EventDocument(_Document):
    """One thing that happened in a room."""

    event: Annotated[str, Field(description="The event's name.")]
    room_id: Annotated[str, Field(description="The room in which it happened.")]
    data: Annotated[Any, Field(description="The payload, as the event's schema gave it back.")]
    sender: Annotated[str, Field(alias="from", description="The user id of the sender, as the server knows it.")]
    timestamp: Annotated[int, Field(description="Milliseconds since the Unix epoch; never runs backwards in a room.")]
    seq: Annotated[int | None, Field(description="Its position in the room; left out for events without history.")] = (
        None
    )
    meta: Annotated[dict[str, Any] | None, Field(description="The sender's own extra object, at most 4 KiB.")] = None
    redacted: Annotated[bool | None, Field(description="True where the event was redacted: `data` is null.")] = None


class HistoryDocument(_Document):
    """A contiguous run of a room's history."""

    room_id: Annotated[str, Field(description="The room.")]
    event: Annotated[str | None, Field(description="The one name asked for; left out where all were.")] = None
    epoch: Annotated[str, Field(description="The life of the room's history to which the seqs belong.")]
    events: Annotated[list[EventDocument], Field(description="Newest first.")]
    has_more: Annotated[bool, Field(description="Whether there are more in the direction asked.")]
    has_more_after: Annotated[bool | None, Field(description="For `around`: whether there are newer ones.")] = None


class RoomDocument(_Document):
    """A room as its visitors see it."""

    id: Annotated[str, Field(description="The room's id.")]
    name: Annotated[str, Field(description="Its name, for people.")]
    description: Annotated[str | None, Field(description="What it is for.")] = None
    size: Annotated[int, Field(description="How many sessions are in it.")]
    users: Annotated[
        int | None, Field(description="How many users these belong to; left out where they are too many to tell.")
    ] = None
    max_size: Annotated[int | None, Field(description="How many it holds; left out where unbounded.")] = None
    created_by_id: Annotated[str | None, Field(description="The user who made it at run time.")] = None
    unread: Annotated[
        int | None, Field(description="How many events came after the caller's mark; left out where there is none.")
    ] = None


class DefinitionDocument(_Document):
    """An event that a room allows."""

    name: Annotated[str, Field(description="The event's name.")]
    description: Annotated[str | None, Field(description="What it is for, for people.")] = None
    has_history: Annotated[bool, Field(description="Whether such events are kept.")]
    schema_: Annotated[
        dict[str, Any] | None,
        Field(alias="schema", description="What `data` has to be, as JSON Schema; left out where any JSON is taken."),
    ] = None


class DefinitionsDocument(_Document):
    """What may happen in a room."""

    room_id: Annotated[str, Field(description="The room.")]
    events: Annotated[list[DefinitionDocument], Field(description="The events that the room allows.")]


class RoomsDocument(_Document):
    """Some of the rooms, in order of id."""

    rooms: Annotated[list[RoomDocument], Field(description="The rooms that the caller may see.")]
    cursor: Annotated[str | None, Field(description="Pass it on to get the next rooms; left out at the end.")] = None
    may_create: Annotated[bool, Field(description="Whether the caller may make rooms.")]


class HealthDocument(_Document):
    """How the server is."""

    status: Annotated[str, Field(description="`ok`, or what is wrong.")]
    bus: Annotated[str | None, Field(description="What is wrong with the bus; left out where nothing is.")] = None


class ProblemDocument(_Document):
    """An error, after RFC 9457."""

    type: Annotated[str, Field(description="Always `about:blank`: `code` says more.")]
    title: Annotated[str, Field(description="The HTTP status in words.")]
    status: Annotated[int, Field(description="The HTTP status.")]
    detail: Annotated[str, Field(description="What is wrong, for people; it names the field.")]
    code: Annotated[str, Field(description="What is wrong, for programs; the same codes as on the WebSocket.")]
    details: Annotated[Any, Field(description="What a program can act on: paths and reasons, or a valid range.")] = None
