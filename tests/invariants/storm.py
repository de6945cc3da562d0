"""Several things at once, each in pieces, in an order that is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from anyio import create_task_group

from dialogue.domain.errors import DialogueError
from dialogue.domain.event import Event
from dialogue.domain.names import REDACTED
from dialogue.domain.outcome import Repeat
from dialogue.domain.page import PageRequest

from .acts import APPLICATION, Redacted, close_idle_rooms, ensure_tells, is_not_ours, numbered, publish_one, redaction
from .judge import Moment
from .places import placed
from .publishing import Answered, Sent, take_up
from .setting import KEPT, ROOM
from .since import Since
from .visits import join, page
from .world import World


@dataclass(frozen=True, slots=True)
class Visit:
    """A client joins or comes back."""

    names: frozenset[str] | None
    since: Since


@dataclass(frozen=True, slots=True)
class Storm:
    """What happens at once: events are published, each client does one thing, some are taken back.

    Retention runs so many times, or the room is closed where nobody uses it: not both, because no read takes as long as
    an interval of the one in which the other runs.
    """

    seed: int
    sent: Sequence[Sent]
    clients: Mapping[int, Visit | PageRequest]
    redacted: Sequence[int]
    sweeps: int
    closes: bool


async def rage(world: World, storm: Storm) -> None:
    """Let it happen, and take up what came of it."""
    moment = world.moment
    answers: list[Answered] = []
    redactions: list[tuple[int, Redacted]] = []

    async def redact(seq: int) -> None:
        seq = placed(seq, moment.head)
        redactions.append((seq, await redaction(world, seq, APPLICATION)))

    async def sweep() -> None:
        for _ in range(storm.sweeps):
            await world.pauses.pause()
            await world.node.sweeper.sweep()

    async def close() -> None:
        await world.pauses.pause()
        close_idle_rooms(world)

    world.pauses.draw(storm.seed)
    async with create_task_group() as tasks:
        for sent in numbered(world, storm.sent):
            tasks.start_soon(publish_one, world, sent, answers)
        for number, does in storm.clients.items():
            client = world.clients[number]
            if isinstance(does, PageRequest):
                tasks.start_soon(page, world, client, does)
            else:
                tasks.start_soon(join, world, client, does.names, does.since.position(world, client))
        for seq in storm.redacted:
            tasks.start_soon(redact, seq)
        tasks.start_soon(sweep if storm.sweeps or not storm.closes else close)
    world.pauses.draw(None)
    floors = await _floors(world) if storm.sweeps else {}
    _take_up_events(world, answers, redactions)
    _take_up_floors(world, floors)
    if storm.sweeps:
        world.keys.sweep(world.clock.now)
    _ensure_right_refusals(world, moment, redactions)


def _take_up_events(world: World, answers: Sequence[Answered], redactions: Sequence[tuple[int, Redacted]]) -> None:
    kept: dict[int, Event] = {}
    for seq, answer in redactions:
        if isinstance(answer, Event):
            ensure_tells(answer, seq, APPLICATION)
            assert seq not in world.life.blanked, f"{seq} was taken back before"
            assert seq not in kept, f"{seq} was taken back twice"
            kept[seq] = answer
    take_up(world.life, world.keys, answers, world.clock.now, list(kept.values()))


async def _floors(world: World) -> dict[str, int]:
    streams = (await world.ports.archive.open(ROOM)).streams
    # A floor below 0 says that nobody knows how far the stream reaches back.
    return {name: max(0, streams[name].floor) for name in KEPT if name in streams}


def _take_up_floors(world: World, floors: Mapping[str, int]) -> None:
    """How far retention went depends on what it found; it may not have gone further than it may go now."""
    for name, floor in floors.items():
        before = world.life.streams[name].floor
        assert before <= floor <= world.life.expired(name, world.clock.now), f"{name} was trimmed to {floor}"
        world.life.trim(name, floor)


def _ensure_right_refusals(world: World, moment: Moment, redactions: Sequence[tuple[int, Redacted]]) -> None:
    for seq, answer in redactions:
        if isinstance(answer, Repeat):
            assert seq in world.life.blanked
        elif isinstance(answer, DialogueError):
            target = world.life.at(seq)
            if target is not None and is_not_ours(world, target, answer):
                continue
            assert answer.code == "POSITION_UNKNOWN"
            assert target is None or target.name == REDACTED or seq > moment.head, f"{target} was not found"
