"""The bundled chat: the application that runs when nobody names one."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, StringConstraints

from ..application.hooks.client import Client
from ..application.hooks.hooks import Hooks
from ..application.rooms.runtime_rooms import RuntimeRooms
from ..domain.event_definition import History, define_event
from ..domain.room import RoomConfig
from .create_dialogue import create_dialogue
from .dialogue_app import DialogueApp


class ChatMessage(BaseModel):
    """What somebody says."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=2000)]
    username: Annotated[str, StringConstraints(max_length=200)]


class Typing(BaseModel):
    """That somebody is writing."""

    username: Annotated[str, StringConstraints(max_length=200)]


message = define_event("message", schema=ChatMessage, history=History(limit=100))
typing = define_event("typing", schema=Typing)


async def _into_general(client: Client) -> None:
    await client.join("general")


def create_chat() -> DialogueApp:
    """A chat with the room `general`, in which anybody may make further rooms."""
    return create_dialogue(
        rooms={
            "general": RoomConfig(
                name="General Chat", events=[message, typing], default_subscriptions=["message"], presence=True
            )
        },
        runtime_rooms=RuntimeRooms(events=[message, typing], sync_history_on_join=50, presence=True),
        hooks=Hooks(on_connected=_into_general),
    )
