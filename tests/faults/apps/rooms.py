"""Two rooms with every kind of event; `LOAD_LIMIT` is how many events of a stream stay in memory."""

from __future__ import annotations

import os

from dialogue import DialogueApp, History, Hooks, RoomConfig, RuntimeRooms, create_dialogue, define_event

LIMIT = int(os.environ.get("LOAD_LIMIT", "100"))

message = define_event("message", history=History(limit=LIMIT))
note = define_event("note", history=History(limit=LIMIT))
rare = define_event("rare", history=History(limit=min(LIMIT, 5)))
typing = define_event("typing")


def create(hooks: Hooks | None = None, runtime_rooms: RuntimeRooms | None = None) -> DialogueApp:
    """A new application of these rooms."""
    return create_dialogue(
        rooms={
            "hall": RoomConfig(name="The Hall", events=[message, note, rare, typing], sync_history_on_join=50),
            "side": RoomConfig(name="A Side Room", events=[message, note, typing], sync_history_on_join=True),
        },
        hooks=hooks,
        runtime_rooms=runtime_rooms,
    )


dialogue = create()
