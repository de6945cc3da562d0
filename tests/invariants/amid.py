"""Ends in the middle of publishing: the node is killed, or the room is deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from anyio import create_task_group
from anyio.lowlevel import checkpoint

from dialogue.application.publishing.publish_event import Published
from dialogue.domain.errors import RoomNotFound
from dialogue.domain.event import Event
from dialogue.domain.outcome import OutcomeUnknown
from dialogue.domain.ports.room_store import StoredRoom

from .acts import numbered, publish_one
from .life import same
from .publishing import Answered, Sent, keep, take_up
from .setting import ROOM
from .world import World


async def crash(world: World, wanted: Sequence[Sent], seed: int, turns: int, *, is_read: bool) -> None:
    """Be killed while these are being published; their senders send them again afterwards, with their keys."""
    keyed = [replace(sent, value=sent.number, key=f"retry {sent.number}") for sent in numbered(world, wanted)]
    answers: list[Answered] = []
    world.pauses.draw(seed)
    async with create_task_group() as tasks:
        for sent in keyed:
            tasks.start_soon(publish_one, world, sent, answers)
        for _ in range(turns):
            await checkpoint()
        await world.kill()
        tasks.cancel_scope.cancel()
    world.pauses.draw(None)
    await world.recover(lambda beyond: _take_up_all(world, keyed, beyond, answers), is_read=is_read)
    if not world.storage.begins_anew:
        await _send_again(world, keyed)


def _take_up_all(world: World, wanted: Sequence[Sent], beyond: Sequence[Event], answers: Sequence[Answered]) -> None:
    for answered in answers:
        assert isinstance(answered.answer, Published), answered
        assert any(same(answered.answer.event, event) for event in beyond), f"{answered} was lost"
    for event in beyond:
        (sent,) = (sent for sent in wanted if event.data == sent.data)
        assert (event.name, event.sender) == (sent.name, sent.sender)
        keep(world.life, world.keys, sent, replace(event, epoch=world.life.epoch), world.clock.now)


async def _send_again(world: World, wanted: Sequence[Sent]) -> None:
    answers: list[Answered] = []
    for sent in wanted:
        await publish_one(world, sent, answers)
    take_up(world.life, world.keys, answers, world.clock.now)


async def lose_answers(world: World, wanted: Sequence[Sent], seed: int, lost: int) -> None:
    """Of these some are kept and not answered for: everybody sees them all the same, without waiting for the next."""
    keyed = [replace(sent, value=sent.number, key=f"lost {sent.number}") for sent in numbered(world, wanted)]
    answers: list[Answered] = []
    world.pauses.draw(seed)
    world.pauses.lost_answers = lost
    async with create_task_group() as tasks:
        for sent in keyed:
            tasks.start_soon(publish_one, world, sent, answers)
    world.pauses.draw(None)
    world.pauses.lost_answers = 0
    answered = [each for each in answers if not isinstance(each.answer, OutcomeUnknown)]
    _take_up_all(world, keyed, await world.beyond(), [each for each in answered if each.sent.has_history])


async def make_anew(world: World, wanted: Sequence[Sent], seed: int, turns: int) -> None:
    """Delete the room, and make it again, while these are being published: each is kept in one of its lives, or not."""
    answers: list[Answered] = []
    ended = world.life
    world.pauses.draw(seed)
    sent = numbered(world, wanted)
    async with create_task_group() as tasks:
        for early in sent[::2]:
            tasks.start_soon(publish_one, world, early, answers)
        for _ in range(turns):
            await checkpoint()
        await world.node.manage.delete(ROOM)
        await world.node.manage.create(StoredRoom(id=ROOM, name="Room"))
        for late in sent[1::2]:
            tasks.start_soon(publish_one, world, late, answers)
    world.pauses.draw(None)
    kept = [answered for answered in answers if not isinstance(answered.answer, RoomNotFound)]
    before = [answered for answered in kept if _epoch(answered) == ended.epoch]
    take_up(ended, world.keys, before, world.clock.now)
    ended.is_cut_short = bool(before)
    await world.begin_life()
    take_up(world.life, world.keys, [answered for answered in kept if answered not in before], world.clock.now)


def _epoch(answered: Answered) -> str | None:
    assert isinstance(answered.answer, Published), answered
    return answered.answer.event.epoch
