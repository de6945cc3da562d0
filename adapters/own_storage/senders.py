"""Who published a room's newest events."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from ...domain.ports.read_marks import MAX_UNREAD

MOST_RUNS = 2 * MAX_UNREAD
"""Of two runs that follow one another at most one is a user's own: in so many, MAX_UNREAD events are by others."""

CountSystem = Callable[[int, int], int | None]
"""How many events of the system have a seq behind the one and up to the other; None where that is forgotten."""


@dataclass(slots=True)
class Run:
    """Events of one sender, with none of another in between."""

    sender: str
    first_seq: int
    last_seq: int
    count: int = 1


class Senders:
    """The senders of published events, in runs; those of the system are left out.

    So what others have sent after a mark is counted exactly, however many a user has sent. The one exception: where the
    mark lies within a run, and further back than the room's `Places` reach, redactions in that run are counted too.
    """

    def __init__(self, count_system: CountSystem) -> None:
        self._count_system = count_system
        self._runs: deque[Run] = deque(maxlen=MOST_RUNS)

    def add(self, seq: int, sender: str) -> None:
        """The room's newest event was published by `sender`."""
        newest = self._runs[-1] if self._runs else None
        if newest is not None and newest.sender == sender:
            newest.last_seq = seq
            newest.count += 1
        else:
            self._runs.append(Run(sender, seq, seq))

    def count_others(self, user_id: str, after: int) -> int:
        """How many events behind seq `after` others than the user have published, at most MAX_UNREAD."""
        count = 0
        for run in reversed(self._runs):
            if run.last_seq <= after or count >= MAX_UNREAD:
                break
            if run.sender != user_id:
                count += self._count_behind(after, run)
        return min(count, MAX_UNREAD)

    def clear(self) -> None:
        """Forget them all."""
        self._runs.clear()

    def _count_behind(self, after: int, run: Run) -> int:
        if run.first_seq > after:
            return run.count
        return min(run.count, run.last_seq - after - (self._count_system(after, run.last_seq) or 0))
