"""The notices of this node: their numbers, and how long they take to come back to it."""

from __future__ import annotations

from time import monotonic

from ..ports.metrics import UNCOUNTED, Metrics

PATIENCE_S = 30.0
"""When one has not come back for so long, it is lost, and the next one is waited for."""


class OwnNotices:
    """Numbers what this node says under `origin`, which names this run of this node and no other.

    Of all that is under way one at a time is timed, so that this costs nothing: a bus gives every node's notices back
    to itself, too, and no clock but this node's own is read.
    """

    def __init__(self, origin: str, metrics: Metrics = UNCOUNTED) -> None:
        self.origin = origin
        self._metrics = metrics
        self._number = 0
        self._timed: int | None = None
        self._sent_at = 0.0

    def next_number(self) -> int:
        """The number of the notice that is sent now."""
        self._number += 1
        now = monotonic()
        if self._timed is None or now - self._sent_at > PATIENCE_S:
            self._timed, self._sent_at = self._number, now
        return self._number

    def came_back(self, number: int) -> None:
        """A notice of this number has come back."""
        if number == self._timed:
            self._timed = None
            self._metrics.returned(monotonic() - self._sent_at)
