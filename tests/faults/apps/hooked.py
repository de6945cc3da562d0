"""The rooms with hooks and handlers as nobody should write them: they fail, they never end, they take long.

A user's name says what `on_connected` does with it, and `slow-5` that it takes five seconds. Of the room `side` there
are five handlers; what the sane one has seen of `message` it tells as `note`.
"""

from __future__ import annotations

from anyio import get_cancelled_exc_class, sleep, sleep_forever

from dialogue import Client, Event, Hooks

from .rooms import create, message, note


async def on_connected(client: Client) -> None:
    """Misbehave as asked."""
    if client.user_id.startswith("throws"):
        raise RuntimeError("this hook always fails")
    if client.user_id.startswith("cancels"):
        raise get_cancelled_exc_class()
    if client.user_id.startswith("hangs"):
        await sleep_forever()
    if client.user_id.startswith("slow"):
        await sleep(float(client.user_id.partition("-")[2] or 1))
        await client.join("side")


async def throws(event: Event) -> None:
    """Fail each time."""
    raise RuntimeError(f"this handler always fails, as with {event.seq}")


async def cancels(event: Event) -> None:
    """Wait for something that was cancelled, now and then."""
    if event.seq is not None and event.seq % 10 == 0:
        raise get_cancelled_exc_class()


async def hangs(_event: Event) -> None:
    """Never end."""
    await sleep_forever()


async def slow(_event: Event) -> None:
    """Take a tenth of a second for each."""
    await sleep(0.1)


async def tells(event: Event) -> None:
    """Say what it has seen."""
    await dialogue.trigger("side", note, event.seq, sender="handler")


dialogue = create(Hooks(on_connected=on_connected))
for handler in (throws, cancels, hangs, slow, tells):
    dialogue.on("side", message, handler)
