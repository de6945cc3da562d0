"""Rooms in a process that tells what it holds: an event `count` in the room `counter` is followed by one, `counted`,
with how many objects of each of our types are alive after a collection, and how many tasks."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter

from dialogue import Event, History, RoomConfig, create_dialogue, define_event

note = define_event("note", history=History(limit=1))
typing = define_event("typing")
count = define_event("count")
counted = define_event("counted")


def counts() -> Counter[str]:
    """The live objects of our types, by type, and the tasks."""
    gc.collect()
    kinds = (type(each) for each in gc.get_objects())
    ours = Counter(f"{kind.__module__}.{kind.__qualname__}" for kind in kinds if kind.__module__.startswith("dialogue"))
    ours["tasks"] = len(asyncio.all_tasks())
    return ours


async def tell_counts(_: Event) -> None:
    """Tell them to whoever is in the room."""
    await dialogue.trigger("counter", counted, counts(), sender="counter")


dialogue = create_dialogue(
    rooms={
        "hall": RoomConfig(name="The Hall", events=[note, typing]),
        "small": RoomConfig(name="Small", events=[note], max_size=1),
        "counter": RoomConfig(name="Counter", events=[count, counted]),
    }
)
dialogue.on("counter", count, tell_counts)
