"""Moving the seed's events into our table, numbered."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from sqlalchemy import Connection, column, table
from sqlalchemy.sql.expression import TableClause

from ...raw_json import to_column
from . import sqlite_rows
from .refusals import BadRow, BadRows
from .sqlite_rows import SeedRow
from .sqlite_table import SeedTable
from .takeover import Progress

ROWS_AT_ONCE = 2_000

# Columns without types: every value goes over as it was found.
_ROOMS = ("room_id", "epoch", "head", "floor", "swept", "last_timestamp")
_STREAMS = ("room_id", "event_name", "head", "floor", "floor_seq")
_MESSAGES = (
    *("id", "room_id", "event_name", "event_data", "from_user", "timestamp", "created_at"),
    *("seq", "event_seq"),
)


def take_over(connection: Connection, seed: SeedTable, into: str, progress: Progress) -> None:
    """Copy the seed's events into the empty table `into`, numbered in order of (timestamp, id), and fill in the heads.

    Raises ConfigurationError, naming the first rows that cannot be taken over, where there are any; the caller's
    transaction then takes back the rest.
    """
    total = sqlite_rows.count(connection)
    progress(0, total)
    numbering = _Numbering()
    bad = BadRows()
    messages = _table(into, _MESSAGES)
    done = 0
    for bite in _bites(sqlite_rows.rows(connection)):
        good = [row for row in bite if isinstance(row, SeedRow)]
        bad.note(row for row in bite if isinstance(row, BadRow))
        if good and not bad.count:
            connection.execute(messages.insert(), [numbering.numbered(row) for row in good])
        done += len(bite)
        progress(done, total)
    bad.refuse(seed.name)
    numbering.save(connection)


class _Numbering:
    """Gives rows their numbers, in the order in which they come."""

    def __init__(self) -> None:
        self._rooms: Counter[str] = Counter()
        self._streams: Counter[tuple[str, str]] = Counter()
        self._last_timestamps: dict[str, int] = {}

    def numbered(self, row: SeedRow) -> dict[str, Any]:
        stream = (row.room_id, row.event_name)
        self._rooms[row.room_id] += 1
        self._streams[stream] += 1
        self._last_timestamps[row.room_id] = row.timestamp
        return {
            "id": row.id,
            "room_id": row.room_id,
            "event_name": row.event_name,
            "event_data": to_column(row.event_data),
            "from_user": row.from_user,
            "timestamp": row.timestamp,
            "created_at": row.created_at,
            "seq": self._rooms[row.room_id],
            "event_seq": self._streams[stream],
        }

    def save(self, connection: Connection) -> None:
        rooms = [
            {
                "room_id": room_id,
                "epoch": secrets.token_hex(8),
                "head": head,
                "floor": 0,
                "swept": 0,
                "last_timestamp": self._last_timestamps[room_id],
            }
            for room_id, head in self._rooms.items()
        ]
        streams = [
            {"room_id": room_id, "event_name": name, "head": head, "floor": 0, "floor_seq": 0}
            for (room_id, name), head in self._streams.items()
        ]
        if rooms:
            connection.execute(_table("dialogue_rooms", _ROOMS).insert(), rooms)
            connection.execute(_table("dialogue_streams", _STREAMS).insert(), streams)


def _table(name: str, columns: Iterable[str]) -> TableClause:
    return table(name, *(column(each) for each in columns))


def _bites(rows: Iterator[SeedRow | BadRow]) -> Iterator[list[SeedRow | BadRow]]:
    while bite := list(islice(rows, ROWS_AT_ONCE)):
        yield bite
