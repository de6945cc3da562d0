"""Faults to plant, which the simulation must find: the real parts, each with one thing wrong."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from anyio import sleep

from dialogue.adapters.memory.kept_room import KeptRoom
from dialogue.adapters.memory.presence import MemoryPresence
from dialogue.application.feed.apply_events import ApplyEvents
from dialogue.application.feed.hub import Hub
from dialogue.application.feed.room_feed import Step
from dialogue.application.feed.submission import Look
from dialogue.application.nodes.follow_moves import FollowMoves
from dialogue.application.reading.page_budget import Run
from dialogue.application.reading.recover_events import RecoverEvents
from dialogue.application.rooms.room_history import RoomHistory
from dialogue.domain.draft import Draft
from dialogue.domain.draft_group import DraftGroup
from dialogue.domain.errors import Unavailable
from dialogue.domain.event import Event
from dialogue.domain.made_rooms import MadeRooms
from dialogue.domain.ports.presence import LeaseOver, NodeCrowd, NodeLife, Presence
from dialogue.domain.ports.room_moves import Moves
from dialogue.domain.ports.room_store import StoredRoom
from dialogue.domain.position import Applied, Position
from dialogue.domain.room import Room
from dialogue.domain.room_limits import RoomLimits

from . import storage
from .link import AnswerLost
from .owners import start_in_the_world

Change = tuple[type[Any], str, Callable[..., Any]]

_create = storage.FarRooms.create
_append = storage.FarArchive.append
_moved = storage.FarMoves.moved
_put = storage.FarPresence.put
_renew = storage.FarPresence.renew
_keep = KeptRoom.keep
_say = MemoryPresence._say
_take = ApplyEvents.take
_deliver = Hub.deliver
_recover = RecoverEvents.__call__


def _show_with_gaps(step: Step, event: Event) -> None:
    step.visible.append(event)
    step.head = max(step.head, event.seq or 0)


def _take_without_looking(apply: ApplyEvents, room_id: str, submissions: Iterable[Look]) -> None:
    known = list(submissions)
    for each in known:
        each.was_looked_behind = True
    _take(apply, room_id, known)


async def _moved_but_one(moves: storage.FarMoves, since: str | None) -> Moves:
    found = await _moved(moves, since)
    return replace(found, rooms=[move for move in found.rooms if move.head % 5])


async def _moved_by_plain_numbers(moves: storage.FarMoves, since: str | None) -> Moves:
    found = await _moved(moves, since)
    last = moves.last_number
    moves.last_number = max([last, *(move.head for move in found.rooms)])
    return replace(found, rooms=[move for move in found.rooms if move.head > last])


async def _moved_but_users(moves: storage.FarMoves, since: str | None) -> Moves:
    return replace(await _moved(moves, since), removals=())


async def _ignore_rooms(follow: FollowMoves, room_ids: Sequence[str] | None) -> None:
    """Whatever others have made and deleted."""


def _keep_with_the_time_of_the_node(room: KeptRoom, draft: Draft, time_ms: int, arrived_ms: int | None = None) -> Event:
    room.last_timestamp_ms = time_ms
    return _keep(room, draft, time_ms, arrived_ms)


async def _append_without_keys(
    archive: storage.FarArchive, groups: Sequence[DraftGroup], applied: Mapping[str, Applied], now_ms: int
) -> Any:
    return await _append(archive, [replace(group, key=None) for group in groups], applied, now_ms)


async def _refuse_what_is_not_known(
    archive: storage.FarArchive, groups: Sequence[DraftGroup], applied: Mapping[str, Applied], now_ms: int
) -> Any:
    try:
        return await _append(archive, groups, applied, now_ms)
    except AnswerLost as lost:
        raise Unavailable("no answer") from lost


async def _renew_too_shortly(presence: storage.FarPresence, node: NodeLife, lease_s: float) -> None:
    await _renew(presence, node, lease_s / 5)


async def _create_after_counting(rooms: storage.FarRooms, room: StoredRoom, limits: RoomLimits | None = None) -> None:
    """And not in the step in which the room is made; what lies in between is made longer, so that others come there."""
    MadeRooms({each.id: each for each in await rooms.rooms()}).ensure_space(room, limits)
    await sleep(1)
    await _create(rooms, room)


def _deliver_again(hub: Hub, room_id: str, events: Sequence[Event]) -> None:
    again = [*events, events[-1]] if events and (events[-1].seq or 1) % 7 == 0 else events
    _deliver(hub, room_id, again)


async def _recover_too_much(
    recover: RecoverEvents,
    room: Room,
    history: RoomHistory,
    subscribed: Collection[str],
    since: Position,
    above: int = 0,
) -> Run | None:
    found = await _recover(recover, room, history, subscribed, since, above)
    return Run(events=[], has_more=True) if found is None and since.epoch == history.epoch else found


def _leave_whole(history: RoomHistory, read: Iterable[Event]) -> None:
    """Whatever was taken away elsewhere."""


def _say_whatever_comes_late(presence: MemoryPresence, lease: Any, number: int, crowd: NodeCrowd) -> None:
    lease.said.pop(crowd.room_id, None)
    _say(presence, lease, number, crowd)


async def _put_again_later(presence: storage.FarPresence, node: NodeLife, number: int, crowds: Any) -> None:
    """Seldom a word is given up for lost and carried out behind a later one; here each is carried out twice."""
    await _put(presence, node, number, crowds)
    start_in_the_world(presence.link.tasks, _put_later, presence.there, node, number, crowds)


async def _put_later(presence: Presence, node: NodeLife, number: int, crowds: Any) -> None:
    await sleep(2)
    with suppress(LeaseOver):
        await presence.put(node, number, crowds)


FAULTS: dict[str, Sequence[Change]] = {
    "a notice is applied without its gap filled": [
        (ApplyEvents, "take", _take_without_looking),
        (Step, "show", _show_with_gaps),
    ],
    "a poll misses a room": [(storage.FarMoves, "moved", _moved_but_one)],
    "a poll compares plain numbers": [(storage.FarMoves, "moved", _moved_by_plain_numbers)],
    "a user removed elsewhere stays": [(storage.FarMoves, "moved", _moved_but_users)],
    "rooms deleted elsewhere stay": [(FollowMoves, "_refresh", _ignore_rooms)],
    "times of a room run backwards": [(KeptRoom, "keep", _keep_with_the_time_of_the_node)],
    "a repeat after a lost answer is kept": [(storage.FarArchive, "append", _append_without_keys)],
    "what is not known is called refused": [(storage.FarArchive, "append", _refuse_what_is_not_known)],
    "a lease is given up too early": [(storage.FarPresence, "renew", _renew_too_shortly)],
    "a word that comes late counts": [
        (MemoryPresence, "_say", _say_whatever_comes_late),
        (storage.FarPresence, "put", _put_again_later),
    ],
    "rooms are counted before they are made": [(storage.FarRooms, "create", _create_after_counting)],
    "an event is sent twice": [(Hub, "deliver", _deliver_again)],
    "too much passes for recovered": [(RecoverEvents, "__call__", _recover_too_much)],
    "what was read blank stays whole in memory": [(RoomHistory, "blank_as", _leave_whole)],
}


@contextmanager
def planted(fault: str | None) -> Iterator[None]:
    """The fault of that name is there; None is none."""
    with ExitStack() as stack:
        for owner, name, wrong in FAULTS[fault] if fault is not None else ():
            stack.enter_context(patch.object(owner, name, wrong))
        yield
