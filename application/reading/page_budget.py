"""How much of a run one page takes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ...domain.errors import Unavailable
from ...domain.event import Event, weight
from ...domain.page import PageLimit


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Events in the direction of reading (away from where it began), and whether there are more that way.

    `was_read` says that memory did not hold all of it: the source was asked.
    """

    events: list[Event]
    has_more: bool
    was_read: bool = False


class Budget:
    """Collects events up to a number and a size; one event too many tells that there is more."""

    def __init__(self, limit: int, size: int) -> None:
        self._limit = limit
        self._size = size
        self._events: list[Event] = []
        self._taken = 0
        self._was_read = False

    def extend(self, events: Iterable[Event]) -> None:
        """Take events in the direction of reading, as many as still fit."""
        for event in events:
            if self.is_over:
                return
            self._events.append(event)
            self._taken += weight(event)

    @property
    def is_over(self) -> bool:
        """Whether one event too many was taken."""
        return len(self._events) > self._limit or (self._taken > self._size and len(self._events) > 1)

    def to_read(self) -> PageLimit:
        """What the source is to be asked for now, the one too many included."""
        self._was_read = True
        return PageLimit(events=self._limit + 1 - len(self._events), size=max(1, self._size - self._taken))

    def cut_short(self, failure: Unavailable) -> Run:
        """What there is so far, where nothing more can be read; raises `failure` where there is nothing."""
        if not self._events:
            raise failure
        return Run(events=self._events[: self._limit], has_more=True)  # memory's alone: there is nothing to confirm

    def run(self) -> Run:
        """What fits, and whether there was more."""
        events = self._events[:-1] if self.is_over else self._events
        return Run(events=events, has_more=self.is_over, was_read=self._was_read)
