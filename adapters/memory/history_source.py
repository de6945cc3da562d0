"""The source in memory."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from heapq import merge

from ...domain.event import Event
from ...domain.page import PageLimit, fitting
from .kept_room import KeptEvents
from .store import MemoryStore


class MemoryHistorySource:
    """`HistorySource` over a `MemoryStore`."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def older(self, room_id: str, names: Sequence[str] | None, before: int, limit: PageLimit) -> list[Event]:
        """See `HistorySource.older`."""
        runs = [run.before(before) for run in self._runs(room_id, names)]
        return fitting(merge(*runs, key=lambda event: -event.place), limit)

    async def newer(self, room_id: str, names: Sequence[str] | None, after: int, limit: PageLimit) -> list[Event]:
        """See `HistorySource.newer`."""
        runs = [run.after(after) for run in self._runs(room_id, names)]
        return fitting(merge(*runs, key=lambda event: event.place), limit)

    async def between(self, room_id: str, name: str, first: int, last: int, size: int) -> list[Event]:
        """See `HistorySource.between`."""
        limit = PageLimit(events=max(last - first + 1, 0), size=size)
        return [event for run in self._runs(room_id, [name]) for event in fitting(run.between(first, last), limit)]

    async def seq_at(self, room_id: str, timestamp_ms: int) -> int | None:
        """See `HistorySource.seq_at`."""
        for run in self._runs(room_id, None):
            index = bisect_left(run.events, timestamp_ms, key=lambda event: event.timestamp_ms)
            return run.events[index].place if index < len(run.events) else None
        return None

    def _runs(self, room_id: str, names: Sequence[str] | None) -> list[KeptEvents]:
        room = self._store.rooms.get(room_id)
        if room is None:
            return []
        if names is None:
            return [room.all]
        return [room.streams[name] for name in dict.fromkeys(names) if name in room.streams]
