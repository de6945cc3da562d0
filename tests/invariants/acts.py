"""What happens in the room: publishing, taking back, letting go, ending, and crashing in the middle of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from anyio import create_task_group

from dialogue.application.ports.authenticator import Identity
from dialogue.domain.errors import DialogueError
from dialogue.domain.event import Event
from dialogue.domain.names import REDACTED
from dialogue.domain.outcome import Repeat

from .places import placed
from .publishing import Answered, Sent, take_up
from .setting import ROOM
from .world import World

APPLICATION = "mod"

Redacted = Event | Repeat | DialogueError
"""What is answered to a redaction."""


async def publish(world: World, wanted: Sequence[Sent]) -> None:
    """Publish all of these at once, and take up what was kept."""
    answers: list[Answered] = []
    async with create_task_group() as tasks:
        for sent in numbered(world, wanted):
            tasks.start_soon(publish_one, world, sent, answers)
    take_up(world.life, world.keys, answers, world.clock.now)


def numbered(world: World, wanted: Sequence[Sent]) -> list[Sent]:
    """The same, each like no other; who is subscribed to what is not kept waits for it from now on."""
    world.numbers += len(wanted)
    found = [replace(sent, number=world.numbers + place) for place, sent in enumerate(wanted, -len(wanted))]
    for sent in found:
        for client in world.clients:
            if not sent.has_history and client.is_in and sent.name in client.session.memberships[ROOM].names:
                client.awaited.append(sent.number)
    return found


async def publish_one(world: World, sent: Sent, answers: list[Answered]) -> None:
    """Publish one event; the answer goes to `answers`."""
    key = sent.key if sent.has_history else None
    try:
        answer = await world.node.publish.once(ROOM, sent.name, sent.data, sender=sent.sender, key=key)
    except DialogueError as error:
        answers.append(Answered(sent, error))
    else:
        answers.append(Answered(sent, answer))


async def redact(world: World, seq: int, by: str) -> None:
    """Take an event back, on behalf of its user or of the application."""
    seq = placed(seq, world.life.head)
    event = world.life.at(seq)
    answer = await redaction(world, seq, by)
    if event is not None and is_not_ours(world, event, answer):
        return
    if event is None or event.name == REDACTED:
        assert _code(answer) == "POSITION_UNKNOWN", answer
    elif by not in (APPLICATION, event.sender):
        assert _code(answer) == "FORBIDDEN", answer
    elif event.is_redacted:
        assert answer == Repeat(seq=seq, timestamp_ms=event.timestamp_ms)
    else:
        assert isinstance(answer, Event)
        ensure_tells(answer, seq, by)
        world.life.keep(answer, world.clock.now)


async def redaction(world: World, seq: int, by: str) -> Redacted:
    """What is answered when that is taken back."""
    try:
        if by == APPLICATION:
            return await world.node.redact(ROOM, seq, by=by)
        return await world.node.redact.by_user(Identity(user_id=by), ROOM, seq)
    except DialogueError as error:
        return error


def is_not_ours(world: World, event: Event, answer: Redacted) -> bool:
    """Whether `event` was not taken back because the application's storage has it, or is being handed it."""
    has_another = not world.storage.is_ours and event.name != REDACTED
    return has_another and _code(answer) in ("INVALID_REQUEST", "UNAVAILABLE")


def _code(answer: Redacted) -> str | None:
    return answer.code if isinstance(answer, DialogueError) else None


def ensure_tells(event: Event, seq: int, by: str) -> None:
    """The event tells that redaction."""
    assert (event.name, event.sender, event.data) == (REDACTED, by, {"seq": seq, "by": by})


async def erase(world: World, user_id: str) -> None:
    """Erase a user: what is kept beyond the list has to be the redactions, one for each event.

    Where the application has some of them, nobody can say which ones these are.
    """
    if not world.storage.is_ours:
        return
    wanted = world.life.erase(user_id)
    count = await world.node.erase(user_id, by=APPLICATION)
    assert count >= len(wanted)
    beyond = await world.beyond()
    assert [(event.name, event.sender, event.data) for event in beyond] == [
        (REDACTED, APPLICATION, {"seq": seq, "by": APPLICATION, "erased": True}) for seq in wanted
    ]
    for event in beyond:
        world.life.keep(event, world.clock.now)


async def sweep(world: World) -> None:
    """Let go of what retention lets go, and of keys whose time is over."""
    await world.node.sweeper.sweep()
    for name in world.setting.stays:
        world.life.trim(name, world.life.expired(name, world.clock.now))
    world.keys.sweep(world.clock.now)


def close_idle_rooms(world: World) -> None:
    """As if two intervals had passed in which nobody used the room."""
    world.node.idle_rooms.close()
    world.node.idle_rooms.close()
