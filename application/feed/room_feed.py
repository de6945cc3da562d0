"""What waits to become visible in one room, and the order in which it does."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf

from ...domain.errors import RoomNotFound
from ...domain.event import Event
from ...domain.outcome import GroupOutcome
from ...domain.ports.history_archive import HistoryWentBack
from ..rooms.room_history import RoomHistory
from .submission import Look, Passing, Submission


@dataclass(slots=True)
class Step:
    """What becomes visible at once, oldest first, and who is told of it in the same step.

    With `has_gap` the storage has let an event go before it was shown here (another node trimmed the room, or deleted
    it): nothing behind it becomes visible, since who follows the room would miss it without knowing.
    """

    head: int
    last_timestamp_ms: int
    visible: list[Event] = field(default_factory=list)
    settled: list[tuple[Look, GroupOutcome]] = field(default_factory=list)
    begins_anew: bool = False
    has_gap: bool = False

    def follow(self, submission: Look, events: tuple[Event, ...]) -> None:
        """Let the events of a submission be the next, which they are."""
        if not self.has_gap:
            self.visible += events
        self.head = events[-1].place
        self.last_timestamp_ms = max(self.last_timestamp_ms, events[-1].timestamp_ms)
        self.settled.append((submission, events))

    def show(self, event: Event) -> None:
        """Let `event` be the next."""
        if event.seq is not None:
            self.has_gap = self.has_gap or event.seq != self.head + 1
            self.head = event.seq
        if not self.has_gap:
            self.visible.append(event)
        self.last_timestamp_ms = max(self.last_timestamp_ms, event.timestamp_ms)


class RoomFeed:
    """The queue of one room. Seqs are shown one after the other; where one is missing, the source has to be asked."""

    def __init__(self) -> None:
        self.queue: deque[Look] = deque()
        self.is_catching_up = False

    @property
    def until(self) -> float:
        """When the first publisher has waited long enough; where all only look, when the last of them has."""
        publishers = [each.until for each in self.queue if isinstance(each, Submission)]
        return min(publishers) if publishers else max((each.until for each in self.queue), default=inf)

    def advance(self, history: RoomHistory, rows: Sequence[Event] = (), through: int = 0) -> Step:
        """Take from the queue what can become visible now.

        `rows` are what the source holds behind the applied head, oldest first; up to the seq `through` there is nothing
        else.
        """
        step = Step(history.head, history.last_timestamp_ms)
        rest = deque(rows)
        while self.queue:
            next_ = self.queue[0]
            events = next_.kept_in(history.epoch)
            if events and not rest and events[0].seq == step.head + 1:  # nearly always
                step.follow(next_, events)
            elif not self._take(next_, history, step, rest, through):
                break
            self.queue.popleft()
        for event in rest:
            step.show(event)
        return step

    def _take(self, next_: Look, history: RoomHistory, step: Step, rest: deque[Event], through: int) -> bool:
        if next_.is_open:
            while rest and next_.reached is not None and rest[0].place <= next_.reached:
                step.show(rest.popleft())
            if not self._is_resolved(next_, history.epoch, step.head, through):
                return False
        news = [event for event in next_.kept_in(history.epoch) if event.place > step.head]
        if news:
            while rest and rest[0].place < news[0].place:
                step.show(rest.popleft())
            is_next = news[0].place == step.head + 1
            if not is_next and not next_.was_looked_behind and news[0].place > through + 1:
                return False
            for event in news:
                step.show(event)
            while rest and rest[0].place <= step.head:
                rest.popleft()
        step.settled.append((next_, _outcome(next_, history, step)))
        return True

    def _is_resolved(self, next_: Look, epoch: str, head: int, through: int) -> bool:
        if next_.reached is not None and head >= next_.reached:
            return True
        # Whatever was kept before an event that is queued behind it has a smaller seq.
        later = (event.place for other in self.queue for event in other.kept_in(epoch)[:1])
        return next_.was_looked_behind or any(place <= through for place in later)


def _outcome(next_: Look, history: RoomHistory, step: Step) -> GroupOutcome:
    if isinstance(next_, Passing) and next_.epoch == history.epoch and not history.is_ended:
        for event in next_.events:
            step.show(event)
    if not isinstance(next_, Submission):
        return ()
    group = next_.group
    is_live = group.epoch == history.epoch and not history.is_ended
    if next_.outcome is None:
        return _passing(next_, step) if is_live else RoomNotFound(group.room_id)
    if is_live and isinstance(next_.outcome, RoomNotFound | HistoryWentBack):
        # The room is there, and its storage knows nothing of the life that was applied.
        step.begins_anew = True
        return HistoryWentBack(group.room_id)
    return next_.outcome


def _passing(next_: Submission, step: Step) -> GroupOutcome:
    time_ms = max(next_.now_ms, step.last_timestamp_ms)
    events = tuple(draft.kept(timestamp_ms=time_ms) for draft in next_.group.drafts)
    for event in events:
        step.show(event)
    return events


def kept_here(settled: Sequence[tuple[Look, GroupOutcome]]) -> list[Event]:
    """The events that this node's own publishers are told of, those without history included."""
    return [
        event
        for submission, outcome in settled
        if isinstance(submission, Submission) and isinstance(outcome, tuple)
        for event in outcome
    ]
