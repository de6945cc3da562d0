"""What may be published, what is read, and what a handler gets."""

from typing import Any, assert_type

from definitions import Message, Move, Reaction, adapted, anything, either, message, move, payload, several, stars
from pydantic import BaseModel
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import Session

from dialogue import DialogueApp, Event, RoomConfig, RuntimeRooms, create_dialogue

dialogue = create_dialogue(
    rooms={"general": RoomConfig(name="General", events=[message, either, anything])},
    runtime_rooms=RuntimeRooms(events=[message, stars]),
)
assert_type(dialogue, DialogueApp)


async def publish() -> None:
    kept = await dialogue.trigger("general", message, Message(text="hi"), sender="ada")
    assert_type(kept, Event[Message])
    assert_type(kept.data, Message)
    await dialogue.trigger("general", message, {"text": "hi"}, sender="ada")
    await dialogue.trigger("general", either, Reaction(emoji=":)"), sender="ada")
    await dialogue.trigger("general", stars, 5, sender="ada")
    await dialogue.trigger("general", move, {"x": 1, "y": 2}, sender="ada")
    await dialogue.trigger("general", move, Move(x=1, y=2), sender="ada", meta={"tag": "x"}, key="once")
    await dialogue.trigger("general", several, [Message(text="hi")], sender="ada")
    await dialogue.trigger("general", adapted, [1, 2], sender="ada")
    await dialogue.trigger("general", payload, {"any": ["thing"]}, sender="ada")
    await dialogue.trigger("general", anything, 5, sender="ada")
    assert_type(await dialogue.trigger("general", "message", {"text": "hi"}, sender="ada"), Event[Any])
    await dialogue.room("general").trigger(message, Message(text="hi"), sender="ada")

    await dialogue.trigger("general", message, Reaction(emoji=":)"), sender="ada")  # wrong
    await dialogue.trigger("general", message, "hi", sender="ada")  # wrong
    await dialogue.trigger("general", message, None, sender="ada")  # wrong
    await dialogue.trigger("general", stars, "5", sender="ada")  # wrong
    await dialogue.trigger("general", several, [1], sender="ada")  # wrong
    await dialogue.trigger("general", payload, ["thing"], sender="ada")  # wrong
    await dialogue.room("general").trigger(message, 5, sender="ada")  # wrong
    await dialogue.trigger("general", message, {"text": "hi"})  # wrong
    await dialogue.trigger("general", message, {"text": "hi"}, sender=5)  # wrong
    await dialogue.trigger("general", message, {"text": "hi"}, sender="ada", meta="text")  # wrong


async def publish_within(connection: AsyncConnection, session: AsyncSession) -> None:
    kept = await dialogue.trigger("general", message, {"text": "hi"}, sender="ada", within=connection)
    assert_type(kept, Event[Message])
    assert_type(await dialogue.trigger("general", "message", {}, sender="ada", within=session), Event[Any])
    await dialogue.trigger("general", message, 5, sender="ada", within=session)  # wrong
    await dialogue.trigger("general", message, {}, sender="ada", within="connection")  # wrong


def publish_sync(connection: Connection, session: Session, asynchronous: AsyncConnection) -> None:
    assert_type(dialogue.publish_within(connection, "general", message, {"text": "hi"}, sender="ada"), Event[Message])
    assert_type(dialogue.publish_within(session, "general", "message", {}, sender="ada", key="once"), Event[Any])
    dialogue.publish_within(session, "general", message, 5, sender="ada")  # wrong
    dialogue.publish_within(asynchronous, "general", message, {}, sender="ada")  # wrong


async def read() -> list[str]:
    for event in await dialogue.room("general").history(either, 0, 20):
        assert_type(event.data, Message | Reaction)
    for plain in await dialogue.room("general").history("message"):
        assert_type(plain, Event[Any])
        assert_type(plain.typed(message), Event[Message])
        assert_type(plain.json, Any)
    await dialogue.room("general").history(message, "0")  # wrong
    return [event.data.emoji for event in await dialogue.room("general").history(message)]  # wrong


async def on_message(event: Event[Message]) -> None:
    assert_type(event.data.text, str)


def on_reaction(event: Event[Reaction]) -> None:
    print(event.data.emoji)


def on_any(event: Event) -> None:
    print(event.name, event.json)


def on_model(event: Event[BaseModel]) -> None:
    print(event.data.model_dump())


dialogue.on("general", message, on_message)
dialogue.on("general", message, on_any)
dialogue.on("general", message, on_model)
dialogue.on("general", message, lambda event: print(event.data.text))
dialogue.on("general", "message", on_message)
dialogue.on("general", None, on_any)
dialogue.on_runtime_rooms(message, on_message)
dialogue.on("general", message, on_reaction)  # wrong
dialogue.on("general", message, "on_message")  # wrong
dialogue.on("general", 5, on_any)  # wrong
dialogue.on_runtime_rooms(stars, on_message)  # wrong
