"""Reading again what was kept and not told."""

from __future__ import annotations

from ...domain.event import Event
from ...domain.page import PageLimit
from ...domain.ports.history_source import HistorySource

BITE = 1_000


class FillGap:
    """Gives the events of a room that lie between two seqs, from the source."""

    def __init__(self, source: HistorySource) -> None:
        self._source = source

    async def between(self, room_id: str, after: int, before: int) -> list[Event]:
        """The room's events with `after` < seq < `before`, oldest first. Raises Unavailable."""
        found: list[Event] = []
        while after + 1 < before:
            rows = await self._source.newer(room_id, None, after, PageLimit(events=min(BITE, before - after - 1)))
            found += [event for event in rows if event.place < before]
            if not rows:
                break
            after = rows[-1].place
        return found
