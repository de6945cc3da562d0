"""Hooks as fields and as decorators, and rules for permissions."""

from collections.abc import Mapping
from typing import Any

from definitions import message

from dialogue import (
    Action,
    Client,
    Event,
    Hooks,
    Identity,
    IncomingEvent,
    RoomConfig,
    RoomInfo,
    create_dialogue,
    roles,
)

dialogue = create_dialogue(rooms={"general": RoomConfig(name="General", events=[message])})


@dialogue.authenticate
async def who(auth: Mapping[str, Any], client_id: str | None) -> Identity | None:
    return Identity(user_id=auth["name"]) if "name" in auth else None


@dialogue.authorize
def may(user: Identity, action: Action, room_id: str) -> bool:
    return action == "join" or room_id == user.user_id


@dialogue.on_joined
async def joined(client: Client, room_id: str) -> None:
    await client.leave(room_id)


@dialogue.before_join
def keep_out(user: Identity, room_id: str) -> bool:
    return user.user_id != room_id


@dialogue.before_each
async def judge(event: IncomingEvent) -> IncomingEvent | None:
    return event.replace(data=None) if event.name == "x" else None


@dialogue.after_each
def after(event: Event, recipients: int) -> None:
    print(event.seq, recipients + 1)


@dialogue.on_room_created
def made(room: RoomInfo) -> None:
    print(room.name)


@dialogue.on_disconnected  # wrong
def gone(client: Client, room_id: str) -> None:
    print(client.id, room_id)


@dialogue.before_each  # wrong
def give_text(event: IncomingEvent) -> str:
    return event.name


@dialogue.authorize  # wrong
def gives_none(user: Identity, action: Action, room_id: str) -> None:
    print(user, action, room_id)


async def use_them(client: Client) -> None:
    await joined(client, "general")
    after("event", 5)  # wrong


hooks = Hooks(
    authorize=roles({"admin": ["administer"], "staff": {"staff-*": ["join", "read"]}}),
    before_join=keep_out,
    after_each=after,
)
wrong_action = roles({"admin": ["fly"]})  # wrong
wrong_hook = Hooks(before_each=keep_out)  # wrong
