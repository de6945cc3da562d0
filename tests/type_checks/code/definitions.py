"""The type of the data follows from the schema."""

from typing import Annotated, Any, Literal, TypedDict, assert_type

from pydantic import BaseModel, Field, TypeAdapter

from dialogue import EventDefinition, History, RoomConfig, define_event


class Message(BaseModel):
    text: str


class Reaction(BaseModel):
    emoji: str


class Move(TypedDict):
    x: int
    y: int


message = define_event("message", schema=Message, history=History(limit=10))
anything = define_event("anything")
payload = define_event("payload", schema=dict[str, Any])
either = define_event("either", schema=Message | Reaction)
maybe = define_event("maybe", schema=Message | None)
stars = define_event("stars", schema=Annotated[int, Field(ge=1, le=5)])
state = define_event("state", schema=Literal["on", "off"])
move = define_event("move", schema=Move)
several = define_event("several", schema=list[Message])
adapted = define_event("adapted", schema=TypeAdapter(list[int]))
adapted_union = define_event("adapted", schema=TypeAdapter[Message | Reaction](Message | Reaction))
built = EventDefinition(name="built", schema=Message)


def unknown() -> Any:
    return Message


dynamic = define_event("dynamic", schema=unknown())

assert_type(message, EventDefinition[Message])
assert_type(anything, EventDefinition[Any])
assert_type(payload, EventDefinition[dict[str, Any]])
assert_type(either, EventDefinition[Message | Reaction])
assert_type(maybe, EventDefinition[Message | None])
assert_type(stars, EventDefinition[int])
assert_type(state, EventDefinition[Literal["on", "off"]])
assert_type(move, EventDefinition[Move])
assert_type(several, EventDefinition[list[Message]])
assert_type(adapted, EventDefinition[list[int]])
assert_type(adapted_union, EventDefinition[Message | Reaction])
assert_type(built, EventDefinition[Message])
assert_type(dynamic, EventDefinition[Any])

room = RoomConfig(name="Room", events=[message, either, anything])
events: list[EventDefinition] = [message, either]
another = RoomConfig(name="Room", events=events)

wider: EventDefinition[Message | Reaction] = message  # wrong
narrower: EventDefinition[Message] = either  # wrong
other: EventDefinition[Reaction] = message  # wrong
by_hand = RoomConfig(name="Room", events=["message"])  # wrong
