"""A group on its way: what became of it, who waits for that, and until when."""

from __future__ import annotations

import logging
from collections.abc import Callable
from math import inf

from ...domain.draft_group import DraftGroup
from ...domain.event import Event, weight
from ...domain.outcome import GroupOutcome, OutcomeUnknown
from ...domain.position import Position

Settle = Callable[[GroupOutcome], None]
"""Called once, synchronously, with what became of a group."""

Leave = Callable[["Submission"], None]

logger = logging.getLogger("dialogue.journal")


def _nobody(_: GroupOutcome) -> None:
    """Nobody waits."""


class Look:
    """Somebody's wish to look whether the source holds more; who waits for that does so until `until`.

    Where a seq is known to be there, it is enough when that is `reached`. Times are those of `time.monotonic`.
    """

    __slots__ = ("_settle", "reached", "until", "was_looked_behind")

    def __init__(self, settle: Settle, until: float = inf, reached: int | None = None) -> None:
        self.until = until
        self.reached = reached
        self.was_looked_behind = False  # the source was asked after this was queued, and held no more
        self._settle: Settle | None = settle

    @property
    def is_open(self) -> bool:
        """Whether only the source can tell what there is to see."""
        return True

    def kept_in(self, epoch: str) -> tuple[Event, ...]:  # noqa: ARG002
        """Nothing that is known already."""
        return ()

    @property
    def is_settled(self) -> bool:
        """Whether who waits was told."""
        return self._settle is None

    def settle(self, outcome: GroupOutcome) -> None:
        """Tell who waits what became of it; once, however often this is called."""
        settle, self._settle = self._settle, None
        if settle is None:
            return
        try:
            settle(outcome)
        except Exception:
            logger.exception("somebody who waits could not be answered")


class Passing(Look):
    """Events without history that another node sends on, behind the place that the room had there."""

    __slots__ = ("epoch", "events")

    def __init__(self, events: tuple[Event, ...], behind: Position) -> None:
        super().__init__(_nobody, reached=behind.seq)
        self.epoch = behind.epoch
        self.events = events


class Submission(Look):
    """A group on its way since `taken_at`, and later its `outcome` as of `now_ms`.

    One without an outcome holds an event without history, which gets its time when its turn comes.
    """

    __slots__ = ("_leave", "events", "group", "now_ms", "outcome", "room_id", "size", "taken_at")

    def __init__(self, group: DraftGroup, settle: Settle, until: float, leave: Leave, taken_at: float) -> None:
        super().__init__(settle, until)
        self.taken_at = taken_at
        self.group = group
        self.room_id = group.room_id
        self.events = len(group.drafts)
        self.size = sum(map(weight, group.drafts))
        self.outcome: GroupOutcome | None = None
        self.now_ms = 0
        self._leave: Leave | None = leave

    @property
    def is_open(self) -> bool:
        """Whether only the source can tell what there is to see."""
        return isinstance(self.outcome, OutcomeUnknown)

    def kept_in(self, epoch: str) -> tuple[Event, ...]:
        """Its events, where they were kept in that life of the room."""
        return self.outcome if isinstance(self.outcome, tuple) and self.group.epoch == epoch else ()

    def settle(self, outcome: GroupOutcome) -> None:
        """Tell who waits what became of it; once, however often this is called."""
        leave, self._leave = self._leave, None
        if leave is not None:
            leave(self)
        super().settle(outcome)
