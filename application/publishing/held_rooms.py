"""Rooms that somebody else has locked: what waits for them, in order, and the lanes that wait for their locks."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import chain

from anyio import Event as Signal
from anyio import create_task_group

from ..feed.submission import Submission

LANES = 4
"""How many rooms are waited for at a time; each keeps a connection of the storage busy."""
FIRST_S = 0.25
"""How long a room's lock is waited for at first: as long as another node's batch may take."""
AGAIN_S = 1.0
"""How long it is waited for at a time after that, until it is another room's turn."""

Keep = Callable[[Sequence[Submission], float], Awaitable[Sequence[Submission]]]
"""Has a room's next batch kept, waiting for its lock so many seconds; gives back what still has to wait for it."""


class HeldRooms:
    """Keeps what belongs into locked rooms, one room in one lane, so that it holds up no other room.

    A room gets a lane when it is its turn, for one batch, and then goes behind the others that wait for one. One of the
    lanes is only for rooms that were not waited for in vain: many rooms that stay locked for long do not hold up one
    that is locked for a moment. A room of which nothing waits any more is no longer held.
    """

    def __init__(self, fits: Callable[[Sequence[Submission]], int], keep: Keep, lanes: int = LANES) -> None:
        self._fits = fits
        self._keep = keep
        self._lanes = lanes
        self._rooms: dict[str, list[Submission]] = {}
        self._turns: deque[str] = deque()
        self._in_vain: set[str] = set()
        self._turned = Signal()
        self.events = 0
        self.size = 0

    def __contains__(self, room_id: str) -> bool:
        return room_id in self._rooms

    @property
    def waiting(self) -> Iterable[Submission]:
        """All that waits; what a lane has in hand is not among it."""
        return chain.from_iterable(self._rooms.values())

    def add(self, submissions: Iterable[Submission]) -> None:
        """Let these wait, behind what waits for their rooms already."""
        for submission in submissions:
            if submission.room_id not in self._rooms:
                self._rooms[submission.room_id] = []
                self._take_turn(submission.room_id)
            self._rooms[submission.room_id].append(submission)
            self._weigh([submission], 1)

    def drop(self, unwanted: Callable[[Submission], bool]) -> Sequence[Submission]:
        """Let those that are `unwanted` wait no more; which these are."""
        dropped = [submission for submission in self.waiting if unwanted(submission)]
        if dropped:
            gone = set(map(id, dropped))
            for waiting in self._rooms.values():
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
            room_id = self._next(only_for_the_first_time)
            if room_id is None:
                await self._turned.wait()
            else:
                await self._serve(room_id)

    def _next(self, only_for_the_first_time: bool) -> str | None:
        for room_id in self._turns:
            if not (only_for_the_first_time and room_id in self._in_vain):
                self._turns.remove(room_id)
                return room_id
        return None

    async def _serve(self, room_id: str) -> None:
        waiting = self._rooms[room_id]
        batch = waiting[: self._fits(waiting)]
        del waiting[: len(batch)]
        self._weigh(batch, -1)
        left = await self._keep(batch, AGAIN_S if room_id in self._in_vain else FIRST_S) if batch else []
        waiting[:0] = left
        self._weigh(left, 1)
        (self._in_vain.add if left else self._in_vain.discard)(room_id)
        if waiting:
            self._take_turn(room_id)
        else:
            del self._rooms[room_id]
            self._in_vain.discard(room_id)

    def _take_turn(self, room_id: str) -> None:
        self._turns.append(room_id)
        self._turned.set()
        self._turned = Signal()

    def _weigh(self, submissions: Sequence[Submission], sign: int) -> None:
        self.events += sign * sum(submission.events for submission in submissions)
        self.size += sign * sum(submission.size for submission in submissions)
