"""The application that most acceptance tests talk to: every kind of room and event, with small buffers."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, StringConstraints

from dialogue import Client, History, Hooks, RoomConfig, RuntimeRooms, create_dialogue, define_event


class ChatMessage(BaseModel):
    """What somebody says."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=2000)]
    username: str = "nobody"


message = define_event("message", schema=ChatMessage, history=History(limit=10))
note = define_event("note", history=History(limit=0))
rare = define_event("rare", history=History(limit=3))
typing = define_event("typing")
EVENTS = [message, note, rare, typing]


async def on_connected(client: Client) -> None:
    """Put those who ask for it by their name into a room, as an application may."""
    if client.user_id.startswith("hooked"):
        await client.join("hall")
    if client.user_id.startswith("kicked"):
        await client.join("hall")
        await client.leave("hall", "not today")
    if client.user_id.startswith("broken"):
        raise RuntimeError("this hook always fails")


dialogue = create_dialogue(
    rooms={
        "hall": RoomConfig(name="The Hall", events=EVENTS, description="For everyone", sync_history_on_join=4),
        "small": RoomConfig(name="Small", events=[message], max_size=2),
        "quiet": RoomConfig(name="Quiet", events=EVENTS, default_subscriptions=["message", "typing"]),
        "unsynced": RoomConfig(name="Unsynced", events=EVENTS, sync_history_on_join=False),
        "memory": RoomConfig(name="Memory", events=[message, rare], sync_history_on_join=True),
        "vault": RoomConfig(name="Vault", events=EVENTS, history_visible="since_join"),
        "signals": RoomConfig(name="Signals", events=[typing]),
    },
    runtime_rooms=RuntimeRooms(events=EVENTS, max_rooms_per_user=3, presence=True),
    hooks=Hooks(on_connected=on_connected),
)
