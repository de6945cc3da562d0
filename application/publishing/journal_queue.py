"""What is on its way through the journal, with a bound on all of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from math import inf
from time import monotonic

from anyio import Event as Signal
from anyio import move_on_after

from ...domain.draft_group import DraftGroup
from ...domain.errors import Unavailable
from ..deadline import deadline, remaining_s
from ..feed.submission import Leave, Settle, Submission
from ..group_commit import GroupCommit
from .held_rooms import HeldRooms, StillHeld

TOO_SHORT_S = 0.02
"""What is not tried again with less time than this left: else each of many deadlines, one after the other, would be."""
LOCKED = "Another transaction has locked the room for too long"

Keep = Callable[[Sequence[Submission], float | None], Awaitable[StillHeld]]
"""Keeps a batch; gives back what belongs into locked rooms. With a number of seconds it waits for those."""


@dataclass(frozen=True, slots=True)
class JournalLimits:
    """How much one batch takes, how much may wait, and how long a publisher waits where no deadline says so.

    A room's share of a batch goes into its members' outboxes at once, so `batch_bytes` must be well below what these
    take: else one batch closes everybody who receives it, however fast they read. Bytes are those of the wire.
    """

    batch_events: int = 1_000
    batch_bytes: int = 2 << 20
    waiting_events: int = 20_000
    waiting_bytes: int = 32 << 20
    patience_s: float = 10.0


class JournalQueue:
    """Groups in the order in which they came, and all that is not settled yet.

    What is in flight is not counted against the bounds; what was kept and cannot be shown yet is. What waits for locked
    rooms takes half of the places at most, so that the others stay free for all other rooms.
    """

    def __init__(self, limits: JournalLimits, keep: Keep) -> None:
        self._limits = limits
        self._keep = keep
        self._commits = GroupCommit[Submission](self._fits, self._keep_in_flight)
        self._held = HeldRooms(self._fits, self._keep_held)
        self._in_flight: dict[str, Sequence[Submission]] = {}
        self._events = 0
        self._bytes = 0
        self._in_order: dict[str, int] = {}  # by room: what is in the queue, or was and is not settled
        self._beside: dict[str, int] = {}  # by room: what is counted only, or at the door
        self._moved: Signal | None = None
        self._looks_at = inf
        self._is_sooner = Signal()
        self._is_closed = False

    @property
    def waiting(self) -> tuple[int, int]:
        """How many groups are not settled yet, but for those in flight, and how many bytes their events take."""
        return self._events, self._bytes

    @property
    def is_waiting(self) -> bool:
        """Whether there is something to take."""
        return bool(self._commits.waiting)

    def holds(self, room_id: str) -> bool:
        """Whether anything of the room is at the door, or not settled."""
        return room_id in self._in_order or room_id in self._beside

    def is_waiting_for(self, room_id: str) -> bool:
        """Whether something of the room is in the queue, or was and is not settled: nothing may overtake it."""
        return room_id in self._in_order

    def is_full(self, room_id: str) -> bool:
        """Whether the next one of that room has to wait for a place."""
        events, size = self._limits.waiting_events, self._limits.waiting_bytes
        if room_id in self._held.rooms and (self._held.events >= events // 2 or self._held.size >= size // 2):
            return True
        return self._events >= events or self._bytes >= size

    async def place(self, room_id: str) -> None:
        """Wait for a place, as long as the request may. Raises Unavailable where none comes free."""
        _add(self._beside, room_id)
        try:
            with move_on_after(remaining_s(self._limits.patience_s)):
                while self.is_full(room_id) and not self._is_closed:
                    await self._moves()
        finally:
            _subtract(self._beside, room_id)
            self._wake()
        if self.is_full(room_id) and not self._is_closed:
            raise Unavailable("The server is overloaded: too many events wait to be kept")

    def add(self, group: DraftGroup, settle: Settle) -> None:
        """Let `group` wait to be taken."""
        submission = self._counted(group, settle, self._leave_order, self._in_order)
        if submission.room_id in self._held.rooms:
            self._held.add([submission])
        else:
            self._commits.add(submission)
        if submission.until < self._looks_at:
            self._is_sooner.set()

    def counted(self, group: DraftGroup, settle: Settle) -> Submission:
        """`group`, which is not to be taken, but counted here until it is settled."""
        return self._counted(group, settle, self._leave_side, self._beside)

    def _counted(self, group: DraftGroup, settle: Settle, leave: Leave, rooms: dict[str, int]) -> Submission:
        now = monotonic()
        submission = Submission(group, settle, min(deadline(), now + self._limits.patience_s), leave, now)
        self._events += submission.events
        self._bytes += submission.size
        _add(rooms, submission.room_id)
        return submission

    def _leave_order(self, submission: Submission) -> None:
        self._leave(submission, self._in_order)

    def _leave_side(self, submission: Submission) -> None:
        self._leave(submission, self._beside)

    def _leave(self, submission: Submission, rooms: dict[str, int]) -> None:
        self._events -= submission.events
        self._bytes -= submission.size
        _subtract(rooms, submission.room_id)
        if self._moved is not None:
            self._wake()

    async def refuse_late(self) -> None:
        """Settle, until cancelled, what waits past its own deadline: what is in flight may take longer than that."""
        while True:
            self._is_sooner = Signal()
            now = monotonic()
            for late in self._commits.drop(partial(_is_late, now)):
                late.settle(Unavailable("The storage did not come to it in time"))
            for late in self._held.drop(partial(_is_late, now)):
                late.settle(Unavailable(LOCKED))
            waiting = chain(self._commits.waiting, self._held.waiting)
            self._looks_at = min((submission.until for submission in waiting), default=inf)
            with move_on_after(self._looks_at - now):
                await self._is_sooner.wait()

    async def commit(self) -> None:
        """Let the next batch be kept."""
        await self._commits.commit()

    def _fits(self, waiting: Sequence[Submission]) -> int:
        size = events = count = 0
        for submission in waiting[: self._limits.batch_events]:
            size += submission.size
            events += submission.events
            if count and (size > self._limits.batch_bytes or events > self._limits.batch_events):
                break
            count += 1
        return count

    async def wait_for_held(self) -> None:
        """Let what belongs into locked rooms be kept, until cancelled."""
        await self._held.run()

    async def _keep_in_flight(self, batch: Sequence[Submission]) -> None:
        held = await self._fly(batch, None)
        for room_id, (why, submissions) in held.items():
            self._held.hold(room_id, why)
            self._held.add(submissions)
        if held:
            self._held.add(self._commits.drop(lambda submission: submission.room_id in held))
            self._is_sooner.set()

    async def _keep_held(self, batch: Sequence[Submission], wait_s: float) -> StillHeld:
        held = await self._fly(batch, wait_s)
        soon = monotonic() + TOO_SHORT_S
        for late in filter(partial(_is_late, soon), chain.from_iterable(left for _, left in held.values())):
            late.settle(Unavailable(LOCKED))
        self._is_sooner.set()
        return {
            room_id: (why, [submission for submission in left if submission.until > soon])
            for room_id, (why, left) in held.items()
        }

    async def _fly(self, batch: Sequence[Submission], wait_s: float | None) -> StillHeld:
        for submission in batch:
            self._in_flight[submission.room_id] = batch
        self._weigh(batch, -1)
        self._wake()
        return await self._keep(batch, wait_s)

    def landed(self, batch: Sequence[Submission]) -> None:
        """What was in flight is kept, or not, and has to be settled now, or waits for a lock."""
        for submission in batch:
            self._in_flight.pop(submission.room_id, None)
        self._weigh(batch, 1)
        self._wake()

    async def landing(self, room_id: str) -> None:
        """Wait until what is in flight of the room at this moment, if anything is, was handed over."""
        batch = self._in_flight.get(room_id)
        while batch is not None and self._in_flight.get(room_id) is batch:
            await self._moves()

    def close(self) -> None:
        """Let nobody wait for a place any more."""
        self._is_closed = True
        self._wake()

    async def emptied(self) -> None:
        """Wait until nothing is at the door, and all is settled."""
        while self._in_order or self._beside:
            await self._moves()

    async def _moves(self) -> None:
        if self._moved is None:
            self._moved = Signal()
        await self._moved.wait()

    def _weigh(self, batch: Sequence[Submission], sign: int) -> None:
        for submission in batch:
            self._events += sign * submission.events
            self._bytes += sign * submission.size

    def _wake(self) -> None:
        if self._moved is not None:
            self._moved.set()
            self._moved = None


def _is_late(now: float, submission: Submission) -> bool:
    return submission.until <= now


def _add(counter: dict[str, int], room_id: str) -> None:
    counter[room_id] = counter.get(room_id, 0) + 1


def _subtract(counter: dict[str, int], room_id: str) -> None:
    left = counter[room_id] - 1
    if left:
        counter[room_id] = left
    else:
        del counter[room_id]
