"""An application of another kind than the chat, for the page to show."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, StringConstraints

from dialogue import History, RoomConfig, create_dialogue, define_event


class Order(BaseModel):
    """What somebody ordered."""

    number: int
    items: list[str]


class Note(BaseModel):
    """A message without a name, and shorter than the chat's."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=40)]


class Call(BaseModel):
    """A message that needs more than a text."""

    text: str
    urgency: int


KEPT = History(limit=100)
order = define_event("order.placed", schema=Order, history=KEPT)
anything = define_event("anything", history=KEPT)
pointer = define_event("pointer")

dialogue = create_dialogue(
    rooms={
        "a-desk": RoomConfig(name="The desk", events=[define_event("message", schema=Note, history=KEPT), order]),
        "calls": RoomConfig(name="Calls", events=[define_event("message", schema=Call, history=KEPT)]),
        "orders": RoomConfig(name="Orders", events=[order, anything, pointer], default_subscriptions=["order.placed"]),
        "pinboard": RoomConfig(name="Pinboard", events=[define_event("*", schema=Note, history=KEPT)]),
        "short": RoomConfig(
            name="Short",
            events=[define_event("message", schema=Note, history=History(limit=10, max_events=30))],
            sync_history_on_join=10,
        ),
        "old": RoomConfig(
            name="Old",
            events=[define_event("message", schema=Note, history=History(limit=10, max_age=timedelta(days=3650)))],
        ),
    }
)
