"""Rooms that somebody else has locked: what waits for them, in order, and the lanes that wait for their locks."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from anyio import Event as Signal
from anyio import create_task_group

from ...domain.outcome import Held
from ..feed.submission import Submission

LANES = 4
"""How many locks are waited for at a time; each keeps a connection of the storage busy."""
FIRST_S = 0.25
"""How long a lock is waited for at first: as long as another node's batch may take."""
AGAIN_S = 1.0
"""How long it is waited for at a time after that, until it is another room's turn."""

StillHeld = Mapping[str, tuple[Held, Sequence[Submission]]]
"""What belongs into rooms that somebody else has locked, by room."""
Keep = Callable[[Sequence[Submission], float], Awaitable[StillHeld]]
"""Has the next batch of some rooms kept, waiting so many seconds for a lock; gives back what still has to wait."""


@dataclass(eq=False, slots=True)
class _Group:
    """Rooms that are waited for together."""

    rooms: list[str]
    was_in_vain: bool = False
    was_passed_over: bool = False


class HeldRooms:
    """Keeps what belongs into locked rooms, in lanes of its own, so that they hold up no other room.

    Rooms that one transaction has locked, as another node's batch does, are let go together: so they are waited for
    together, and go into one batch. Where only some of them were got then, the others are waited for once more with
    those that are let go with them by now, and then each alone, in its lock's queue: so it gets its turn, whoever else
    writes there. A group of rooms gets a lane for one batch, and
    what has more then goes behind the others. One of the lanes is only for those that were not waited for in vain: many
    rooms that stay locked for long do not hold up one that is locked for a moment. A room of which nothing waits any
    more is no longer held.
    """

    def __init__(self, fits: Callable[[Sequence[Submission]], int], keep: Keep, lanes: int = LANES) -> None:
        self._fits = fits
        self._keep = keep
        self._lanes = lanes
        self.rooms: dict[str, list[Submission]] = {}
        """What waits, by room; only to be looked at."""
        self._turns: deque[_Group] = deque()
        self._joinable: dict[str, _Group] = {}  # by what has locked them; only until it is their turn
        self._turned = Signal()
        self.events = 0
        self.size = 0

    @property
    def waiting(self) -> Iterable[Submission]:
        """All that waits; what a lane has in hand is not among it."""
        return chain.from_iterable(self.rooms.values())

    def hold(self, room_id: str, why: Held) -> None:
        """Let what is added of that room wait for its lock."""
        self.rooms[room_id] = []
        group = None if why.by is None else self._joinable.get(why.by)
        if group is not None:
            group.rooms.append(room_id)
            return
        group = self._take_turn(_Group([room_id]))
        if why.by is not None:
            self._joinable[why.by] = group

    def add(self, submissions: Iterable[Submission]) -> None:
        """Let these wait, behind what waits for their rooms already, which are held."""
        for submission in submissions:
            self.rooms[submission.room_id].append(submission)
            self._weigh([submission], 1)

    def drop(self, unwanted: Callable[[Submission], bool]) -> Sequence[Submission]:
        """Let those that are `unwanted` wait no more; which these are."""
        dropped = [submission for submission in self.waiting if unwanted(submission)]
        if dropped:
            gone = set(map(id, dropped))
            for waiting in self.rooms.values():
                waiting[:] = [submission for submission in waiting if id(submission) not in gone]
            self._weigh(dropped, -1)
        return dropped

    async def run(self) -> None:
        """Wait for rooms and keep what belongs there, until cancelled."""
        async with create_task_group() as tasks:
            for number in range(self._lanes):
                tasks.start_soon(self._lane, number == 0 and self._lanes > 1)

    async def _lane(self, only_for_the_first_time: bool) -> None:
        while True:
            group = self._next(only_for_the_first_time)
            if group is None:
                await self._turned.wait()
            else:
                await self._serve(group)

    def _next(self, only_for_the_first_time: bool) -> _Group | None:
        for group in self._turns:
            if not (only_for_the_first_time and group.was_in_vain):
                self._turns.remove(group)
                self._joinable = {by: each for by, each in self._joinable.items() if each is not group}
                return group
        return None

    async def _serve(self, group: _Group) -> None:
        waiting = [submission for room_id in group.rooms for submission in self.rooms[room_id]]
        batch = waiting[: self._fits(waiting)]
        for room_id, taken in _by_room(batch).items():
            del self.rooms[room_id][: len(taken)]
        self._weigh(batch, -1)
        held = await self._keep(batch, AGAIN_S if group.was_in_vain else FIRST_S) if batch else {}
        for room_id, (_, left) in held.items():
            self.rooms[room_id][:0] = left
            self._weigh(left, 1)
        self._go_on(group, _by_room(batch).keys(), {room_id: why for room_id, (why, _) in held.items()})

    def _go_on(self, group: _Group, served: Collection[str], held: Mapping[str, Held]) -> None:
        is_still_locked = held.keys() == served and len(set(held.values())) == 1
        missed: dict[str | None, list[str]] = {}
        for room_id, why in held.items():
            is_alone = why.by is None or (group.was_passed_over and not is_still_locked)
            missed.setdefault(room_id if is_alone else why.by, []).append(room_id)
        more = [room_id for room_id in group.rooms if room_id not in held]
        more.sort(key=served.__contains__)  # first what had no place in the batch
        for rooms in (*missed.values(), more):
            left = [room_id for room_id in rooms if self.rooms[room_id]]
            self._take_turn(_Group(left, is_still_locked, rooms is not more and not is_still_locked))
        for room_id in group.rooms:
            if not self.rooms[room_id]:
                del self.rooms[room_id]

    def _take_turn(self, group: _Group) -> _Group:
        if group.rooms:
            self._turns.append(group)
        self._turned.set()
        self._turned = Signal()
        return group

    def _weigh(self, submissions: Sequence[Submission], sign: int) -> None:
        self.events += sign * sum(submission.events for submission in submissions)
        self.size += sign * sum(submission.size for submission in submissions)


def _by_room(submissions: Iterable[Submission]) -> Mapping[str, Sequence[Submission]]:
    rooms: dict[str, list[Submission]] = {}
    for submission in submissions:
        rooms.setdefault(submission.room_id, []).append(submission)
    return rooms
