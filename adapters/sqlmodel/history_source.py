"""The source in a SQL database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from heapq import merge
from typing import Any

from sqlalchemy import Connection

from ...domain.event import Event, make_event
from ...domain.page import PageLimit, fitting
from . import page_statements as statements
from .database import Database


class SqlHistorySource:
    """`HistorySource` over a `Database`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def older(self, room_id: str, names: Sequence[str] | None, before: int, limit: PageLimit) -> list[Event]:
        """See `HistorySource.older`."""
        page = _PageRead(room_id, limit)
        chunks = _chunks(names)
        read = self._database.peek if len(chunks) == 1 else self._database.read
        return await read(
            lambda connection: page.read(
                connection,
                [(statements.older(len(chunk)), _named(chunk) | {"before": before}) for chunk in chunks],
                is_newest_first=True,
            )
        )

    async def newer(self, room_id: str, names: Sequence[str] | None, after: int, limit: PageLimit) -> list[Event]:
        """See `HistorySource.newer`."""
        page = _PageRead(room_id, limit)
        chunks = _chunks(names)
        read = self._database.peek if len(chunks) == 1 else self._database.read
        return await read(
            lambda connection: page.read(
                connection,
                [(statements.newer(len(chunk)), _named(chunk) | {"after": after}) for chunk in chunks],
                is_newest_first=False,
            )
        )

    async def between(self, room_id: str, name: str, first: int, last: int, size: int) -> list[Event]:
        """See `HistorySource.between`."""
        page = _PageRead(room_id, PageLimit(events=max(0, last - first + 1), size=size))
        parameters = {"name": name, "first": first, "last": last}
        return await self._database.peek(
            lambda connection: page.read(connection, [(statements.BETWEEN, parameters)], is_newest_first=True)
        )

    async def seq_at(self, room_id: str, timestamp_ms: int) -> int | None:
        """See `HistorySource.seq_at`."""
        return await self._database.read(lambda connection: _seq_at(connection, room_id, timestamp_ms))


class _PageRead:
    """A run of one room's events, cut where its limit says: rows behind the cut are never fetched."""

    def __init__(self, room_id: str, limit: PageLimit) -> None:
        self._room_id = room_id
        self._limit = limit

    def read(
        self,
        connection: Connection,
        pages: Iterable[tuple[statements.PageStatement, Mapping[str, Any]]],
        *,
        is_newest_first: bool,
    ) -> list[Event]:
        """The merged events of `pages`."""
        shared = {"room_id": self._room_id, "limit": self._limit.events}
        with ExitStack() as cursors:
            runs = [
                cursors.enter_context(connection.execute(statement, {**shared, **parameters}))
                for statement, parameters in pages
            ]
            rows = runs[0] if len(runs) == 1 else merge(*runs, key=lambda row: row[0], reverse=is_newest_first)
            return fitting(self._events(rows), self._limit)

    def _events(self, rows: Iterable[Any]) -> Iterator[Event]:
        return (event_of(self._room_id, row) for row in rows)


def event_of(room_id: str, row: Any) -> Event:
    """The event of a row whose columns are those of `page_statements.EVENT`."""
    seq, event_seq, name, payload, sender, timestamp, meta = row
    is_redacted = payload is None
    return make_event(
        room_id, name, b"null" if is_redacted else payload, sender, timestamp, seq, event_seq, meta, is_redacted, None
    )


def _seq_at(connection: Connection, room_id: str, timestamp_ms: int) -> int | None:
    first = connection.execute(statements.FIRST, {"room_id": room_id}).one_or_none()
    if first is None or timestamp_ms <= first.timestamp:
        return None if first is None else first.seq
    found = connection.execute(statements.FIRST_AT, {"room_id": room_id, "timestamp": timestamp_ms})
    seq: int | None = found.scalar()
    return seq


def _chunks(names: Sequence[str] | None) -> list[list[str]]:
    if names is None:
        return [[]]
    different = list(dict.fromkeys(names))
    size = statements.NAMES_AT_ONCE
    return [different[start : start + size] for start in range(0, len(different), size)]


def _named(names: Sequence[str]) -> dict[str, Any]:
    return {f"name_{index}": name for index, name in enumerate(names)}
