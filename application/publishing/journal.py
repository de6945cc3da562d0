"""Group commit: all that waits is one batch, and one batch is in flight."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from time import monotonic
from typing import cast

from anyio import Event as Signal
from anyio import create_task_group
from anyio.lowlevel import checkpoint

from ...domain.draft_group import DraftGroup
from ...domain.errors import DialogueError, Unavailable
from ...domain.outcome import Appended, Held, OutcomeUnknown
from ...domain.ports.history_archive import HistoryArchive, SpoiledBatch, WaitingArchive
from ..deadline import deadline_at
from ..feed.apply_events import ApplyEvents
from ..feed.submission import Settle, Submission
from ..ports.clock import Clock
from ..ports.metrics import UNCOUNTED, Metrics
from .held_rooms import StillHeld
from .journal_queue import TOO_SHORT_S, JournalLimits, JournalQueue

logger = logging.getLogger("dialogue.journal")


class Journal:
    """Takes groups of drafts in the order in which they come, has them kept, and hands them on to be shown.

    A group's `settle` is called once, synchronously, with its events or what else became of it: after it was kept, and
    in the same step in which it becomes visible. There is no timer: a lone event waits for nothing, and under load a
    transaction carries all that came while the last one ran and was shown.

    An event without history waits for its turn only where its room has something in the queue, so that it overtakes
    nothing.
    """

    def __init__(
        self,
        archive: HistoryArchive,
        apply: ApplyEvents,
        clock: Clock,
        limits: JournalLimits | None = None,
        metrics: Metrics = UNCOUNTED,
    ) -> None:
        self._archive = archive
        self._apply = apply
        self._clock = clock
        self._metrics = metrics
        self._queue = JournalQueue(limits or JournalLimits(), self._commit_safely)
        apply.follow_commits(self._queue.landing)
        self._arrived = Signal()
        self.is_stopping = False

    @property
    def waiting(self) -> tuple[int, int]:
        """How many events wait to be kept or to become visible, and how many bytes they take."""
        return self._queue.waiting

    def is_busy_with(self, room_id: str) -> bool:
        """Whether something of that room waits, is being kept, or is still to become visible."""
        return self._queue.holds(room_id)

    async def put(self, group: DraftGroup, settle: Settle) -> None:
        """Queue `group`; waits for a place where the queue is full.

        Raises Unavailable when none comes free in time, or when the server is stopping.
        """
        self._refuse_when_stopping()
        if self._queue.is_full(group.room_id):
            await self._queue.place(group.room_id)
            self._refuse_when_stopping()
        if group.has_history or self._queue.is_waiting_for(group.room_id):
            self._queue.add(group, settle)
            self._arrived.set()
        else:
            self._apply.gather(self._queue.counted(group, settle), self._clock.now_ms())

    async def run(self) -> None:
        """Commit batches until stopped and all is settled; the one writer. What they came to becomes visible beside."""
        async with create_task_group() as tasks:
            tasks.start_soon(self._apply.run)
            tasks.start_soon(self._queue.refuse_late)
            tasks.start_soon(self._queue.wait_for_held)
            while not self.is_stopping or self._queue.is_waiting:
                while self._queue.is_waiting:
                    await self._queue.commit()
                    await checkpoint()  # the next batch begins with what came while this one was being shown
                if not self.is_stopping:
                    self._arrived = Signal()
                    await self._arrived.wait()
            await self._queue.emptied()
            tasks.cancel_scope.cancel()

    async def stop(self) -> None:
        """Take nothing more, and wait until all that waits is settled."""
        self.is_stopping = True
        self._queue.close()
        self._arrived.set()
        await self._queue.emptied()

    def _refuse_when_stopping(self) -> None:
        if self.is_stopping:
            raise Unavailable("The server is going down and takes no more events")

    async def _commit_safely(self, batch: Sequence[Submission], wait_s: float | None) -> StillHeld:
        try:
            return await self._commit(batch, wait_s)
        except Exception:
            logger.exception("a batch failed in a way that nobody has foreseen")
            self._queue.landed(batch)
            for submission in batch:
                submission.settle(OutcomeUnknown())
            return {}

    async def _commit(self, batch: Sequence[Submission], wait_s: float | None) -> StillHeld:
        """Have `batch` kept, and hand it on; what belongs into locked rooms is given back."""
        # One reading for the whole batch: by a later one an event without history would be newer than those behind it.
        now_ms = self._clock.now_ms()
        kept = [submission for submission in batch if submission.group.has_history]
        outcomes = dict(zip(kept, await self._keep(kept, now_ms, wait_s), strict=True))
        rooms: dict[str, list[Submission]] = {}
        held: dict[str, tuple[Held, list[Submission]]] = {}
        for submission in batch:
            outcome = outcomes.get(submission)
            if isinstance(outcome, Held):
                held.setdefault(submission.room_id, (outcome, []))[1].append(submission)
            elif submission.room_id in held:
                held[submission.room_id][1].append(submission)
            else:
                submission.outcome = outcome
                submission.now_ms = now_ms
                rooms.setdefault(submission.room_id, []).append(submission)
        self._queue.landed(batch)
        for room_id, submissions in rooms.items():
            self._apply.take(room_id, submissions)
        if batch[0].is_settled and isinstance(batch[0].outcome, tuple):
            self._metrics.shown(monotonic() - batch[0].taken_at)
        return held

    async def _keep(self, batch: Sequence[Submission], now_ms: int, wait_s: float | None) -> Sequence[Appended]:
        refused: dict[Submission, Appended] = {}
        while True:
            rest = [submission for submission in batch if submission not in refused]
            try:
                outcomes = iter(await self._append(rest, now_ms, wait_s))
                return [refused.get(submission) or next(outcomes) for submission in batch]
            except Unavailable as error:
                # It was given up for the first one's deadline: those whose own has not come are tried again.
                soon = monotonic() + TOO_SHORT_S
                late = [submission for submission in rest if submission.until <= soon]
                refused |= dict.fromkeys(late or rest, error)

    async def _append(self, batch: Sequence[Submission], now_ms: int, wait_s: float | None) -> Sequence[Appended]:
        if not batch:
            return []
        groups = [submission.group for submission in batch]
        applied = self._apply.applied({submission.room_id for submission in batch})
        until = min(submission.until for submission in batch)
        began = monotonic()
        try:
            if wait_s is None:
                with deadline_at(until):
                    outcomes = await self._archive.append(groups, applied, now_ms)
            else:
                with deadline_at(min(until, monotonic() + wait_s)):
                    outcomes = await cast(WaitingArchive, self._archive).append(groups, applied, now_ms, waits=True)
            if len(outcomes) != len(groups):
                raise RuntimeError(f"the archive gave {len(outcomes)} outcomes for {len(groups)} groups")
            kept = [len(each) for each in outcomes if isinstance(each, tuple)]
            self._metrics.kept(sum(kept), monotonic() - began)
            return outcomes
        except SpoiledBatch as error:
            return await self._split(batch, now_ms, error, wait_s)
        except Unavailable:
            self._metrics.failed("append")
            raise
        except DialogueError as error:
            return [error] * len(groups)
        except Exception:
            # Nobody may be told anything about these events; the writer goes on for all others.
            logger.exception("an append failed in a way that its archive does not explain")
            self._metrics.failed("append")
            return [OutcomeUnknown()] * len(groups)

    async def _split(
        self, batch: Sequence[Submission], now_ms: int, error: SpoiledBatch, wait_s: float | None
    ) -> Sequence[Appended]:
        if len(batch) == 1:
            if isinstance(error.refusal, Unavailable):
                logger.warning("the storage cannot keep an event for what it meets there: %s", error)
            else:
                logger.error("the storage refused an event for what it holds", exc_info=error)
            return [error.refusal]
        middle = len(batch) // 2
        first = await self._keep(batch[:middle], now_ms, wait_s)
        # Nothing of a room may be kept before what stands in front of it.
        held = {each.room_id: outcome for each, outcome in zip(batch, first, strict=False) if isinstance(outcome, Held)}
        rest = [submission for submission in batch[middle:] if submission.room_id not in held]
        outcomes = iter(await self._keep(rest, now_ms, wait_s))
        return [*first, *(held.get(each.room_id) or next(outcomes) for each in batch[middle:])]
