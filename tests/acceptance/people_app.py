"""An application whose users act on one another by what they say."""

from __future__ import annotations

from dialogue import Event, History, RoomConfig, create_dialogue, define_event

order = define_event("order", history=History(limit=10))
whisper = define_event("whisper")
rooms = {name: RoomConfig(name=name, events=[order, whisper]) for name in ("yard", "shed")}
dialogue = create_dialogue(rooms=rooms, database="memory://")


async def obey(event: Event) -> None:
    """Do what was said, and answer with what came of it."""
    came: object = None
    user_id = event.data.get("user", event.sender)
    match event.data["do"]:
        case "whisper":
            first, *_ = dialogue.clients(user_id)
            came = await first.send("yard", whisper, {"text": "psst"}, sender=event.sender)
        case "disconnect":
            await dialogue.disconnect(user_id, "that was enough")
        case "disconnect one":
            await dialogue.clients(user_id)[0].disconnect("one is enough")
        case "remove":
            await dialogue.remove_from_room(user_id, "yard", "not here")
        case "leave all":
            await dialogue.rooms_of(user_id).leave_all("go home")
        case "where":
            came = {
                "clients": len(dialogue.clients(user_id)),
                "rooms": list(dialogue.rooms_of(user_id).ids),
                "isInYard": dialogue.is_in_room(user_id, "yard"),
            }
    await dialogue.trigger("yard", whisper, {"came": came}, sender="system")


dialogue.on("yard", order, obey)
