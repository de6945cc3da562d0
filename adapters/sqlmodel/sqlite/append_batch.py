"""The transaction that keeps a batch in SQLite, in a few statements whatever the batch's size."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import Any

import msgspec
from sqlalchemy import Connection

from ....domain.outcome import Appended
from ..arrival import to_text
from ..batch import Batch, Facts, HeadRow, KnownRoom, Place, Target, Writes
from ..batch_keys import KeyUse
from ..database import Database
from ..number_batch import number_batch
from ..raw_json import from_column, to_column
from . import append_statements as statements
from .errors import refusals

_encoded = msgspec.json.Encoder().encode


class SqliteAppender:
    """`Appender` over a SQLite database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, batch: Batch, *, waits: bool) -> Sequence[Appended]:  # noqa: ARG002  # nobody else locks rooms
        """See `Appender`."""
        with refusals():
            return await self._database.write(AppendBatch(batch))


class AppendBatch:
    """Loads what has to be known of a batch, has it numbered, and writes it."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch

    def __call__(self, connection: Connection) -> list[Appended]:
        """Run the transaction; the outcome of each group."""
        # The driver's own connection: what SQLAlchemy does for a row costs more than what SQLite does.
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        numbered = number_batch(self._batch, _facts(driver, self._batch))
        _write(driver, numbered.writes)
        return numbered.outcomes


def _facts(driver: sqlite3.Connection, batch: Batch) -> Facts:
    ids = (_encoded(batch.room_ids).decode(),)
    return Facts(
        rooms={
            room_id: KnownRoom(HeadRow(*row), floor) for room_id, floor, *row in _all(driver, statements.ROOMS, ids)
        },
        streams={(room_id, name): head for room_id, name, head in _all(driver, statements.STREAMS, ids)},
        keys=dict(_keys(driver, batch.key_ids)),
        targets=dict(_targets(driver, batch.redacted)),
    )


def _all(driver: sqlite3.Connection, statement: str, parameters: Sequence[str | bytes | None]) -> list[list[Any]]:
    rows: list[list[Any]] = msgspec.json.decode(driver.execute(statement, parameters).fetchone()[0])
    return rows


def _keys(driver: sqlite3.Connection, ids: Sequence[bytes]) -> Iterator[tuple[bytes, KeyUse]]:
    for begin in range(0, len(ids), statements.KEYS_AT_ONCE):
        some = [*ids[begin : begin + statements.KEYS_AT_ONCE], *repeat(None, statements.KEYS_AT_ONCE)]
        for key_id, digest, *place in _all(driver, statements.KEYS, some[: statements.KEYS_AT_ONCE]):
            yield bytes.fromhex(key_id), KeyUse(bytes.fromhex(digest), *place)


def _targets(driver: sqlite3.Connection, places: Iterable[Place]) -> Iterator[tuple[Place, Target]]:
    for place in places:
        row = driver.execute(statements.TARGET, place).fetchone()
        if row is not None:
            name, timestamp_ms, is_blank, payload = row
            yield place, Target(name, timestamp_ms, bool(is_blank), from_column(payload))


def _write(driver: sqlite3.Connection, writes: Writes) -> None:
    for (room_id, seq), made in writes.tombstones.items():
        driver.execute(statements.BLANK, (to_column(made.payload), made.sender, room_id, seq))
    arrived = to_text(writes.arrived_ms)
    statements.PUT_EVENTS.execute(
        driver,
        [
            (
                event.room_id,
                event.name,
                to_column(event.payload),
                event.sender,
                event.timestamp_ms,
                arrived,
                event.seq,
                event.event_seq,
                to_column(event.meta),
            )
            for event in writes.events
        ],
    )
    statements.MOVE_ROOMS.execute(driver, [(room_id, *row) for room_id, row in writes.rooms.items()])
    statements.PUT_STREAMS.execute(driver, [(*stream, head) for stream, head in writes.streams.items()])
    statements.PUT_KEYS.execute(driver, [(key_id, *use) for key_id, use in writes.keys.items()])
