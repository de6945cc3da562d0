"""The port through which kept events are read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..event import Event
from ..page import PageLimit


class HistorySource(Protocol):
    """Gives kept events back, each read in about the same time at any depth.

    All methods see whole batches only, never an event at or below the room's floor, and raise Unavailable where the
    storage cannot be reached. An unknown room, or one without events, gives an empty list. `names` is one or more event
    names, merged by seq; None is every name there is. Where `limit.size` ends a run, it is its far end that is missing,
    and at least one event is given where there is one.
    """

    async def older(self, room_id: str, names: Sequence[str] | None, before: int, limit: PageLimit) -> list[Event]:
        """The newest events with seq < `before`, newest first. No names at all (an empty `names`) are no events."""
        ...

    async def newer(self, room_id: str, names: Sequence[str] | None, after: int, limit: PageLimit) -> list[Event]:
        """The oldest events with seq > `after`, oldest first."""
        ...

    async def between(self, room_id: str, name: str, first: int, last: int, size: int) -> list[Event]:
        """The stream's events with event seqs `first` to `last` (inclusive), newest first, up to `size` bytes."""
        ...

    async def seq_at(self, room_id: str, timestamp_ms: int) -> int | None:
        """The seq of the room's first event of that time or later; None where there is none."""
        ...
