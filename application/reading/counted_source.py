"""A source whose failures are counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ...domain.event import Event
from ...domain.page import PageLimit
from ...domain.ports.history_source import HistorySource
from ..ports.metrics import Metrics


class CountedSource:
    """`HistorySource` over another one: tells `metrics` of each read that fails, and passes the failure on."""

    def __init__(self, source: HistorySource, metrics: Metrics) -> None:
        self._source = source
        self._metrics = metrics

    async def older(self, room_id: str, names: Sequence[str] | None, before: int, limit: PageLimit) -> list[Event]:
        """See `HistorySource.older`."""
        with self._counting():
            return await self._source.older(room_id, names, before, limit)

    async def newer(self, room_id: str, names: Sequence[str] | None, after: int, limit: PageLimit) -> list[Event]:
        """See `HistorySource.newer`."""
        with self._counting():
            return await self._source.newer(room_id, names, after, limit)

    async def between(self, room_id: str, name: str, first: int, last: int, size: int) -> list[Event]:
        """See `HistorySource.between`."""
        with self._counting():
            return await self._source.between(room_id, name, first, last, size)

    async def seq_at(self, room_id: str, timestamp_ms: int) -> int | None:
        """See `HistorySource.seq_at`."""
        with self._counting():
            return await self._source.seq_at(room_id, timestamp_ms)

    @contextmanager
    def _counting(self) -> Iterator[None]:
        try:
            yield
        except Exception:
            self._metrics.failed("read")
            raise
