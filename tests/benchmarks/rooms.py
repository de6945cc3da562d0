"""The application that is measured: the chat's event with its schema, in as many rooms as the benchmarks need.

It runs in the server's process, as `dialogue serve benchmarks.rooms:dialogue`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, StringConstraints

from dialogue import History, RoomConfig, create_dialogue, define_event

SYNC = 50
CROWD = "crowd"
DEEP = "deep"
LONG = "long"
FREE = "free"
LIVELY = "lively"
MESSAGE = "message"
RARE = "rare"
PUBLISHERS = 200


class ChatMessage(BaseModel):
    """As in the bundled chat."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=2000)]
    username: str


def own_room(index: int) -> str:
    """The room of one of the many publishers."""
    return f"room-{index % PUBLISHERS}"


message = define_event(MESSAGE, schema=ChatMessage, history=History(limit=100))
rare = define_event(RARE, schema=ChatMessage, history=History(limit=100))


def room(name: str) -> RoomConfig:
    """A room of both events."""
    return RoomConfig(name=name, events=[message, rare], sync_history_on_join=SYNC)


free = define_event(FREE, history=History(limit=100))

dialogue = create_dialogue(
    rooms={name: room(name) for name in [CROWD, DEEP, LONG, *(own_room(index) for index in range(PUBLISHERS))]}
    | {FREE: RoomConfig(name=FREE, events=[free])}
    | {LIVELY: RoomConfig(name=LIVELY, events=[message], presence=True)}
)
