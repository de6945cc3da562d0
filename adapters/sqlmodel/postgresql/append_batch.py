"""The transaction that keeps a batch in PostgreSQL: three statements over the driver's own connection."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import Any, Protocol, TypeVar

from asyncpg import LockNotAvailableError

from ....application.deadline import deadline, deadline_at, remaining_s
from ....domain.outcome import Appended, Held
from ..arrival import to_datetime
from ..batch import Batch, Facts, HeadRow, KnownRoom, Place, Target, Writes
from ..batch_keys import KeyUse
from ..jsonb import to_jsonb
from ..number_batch import number_batch
from . import append_statements as statements
from .driver import DriverConnection
from .refusals import refusals

LONGEST_WAIT_S = 60.0
"""How long a lock is waited for where nobody says until when."""
TIME_TO_WRITE_S = 2.0
"""What is left for writing when a lock was waited for until the deadline."""

T = TypeVar("T")


class Transacts(Protocol):
    """What runs a transaction over the driver's own connection; `PostgresqlDatabase` does."""

    async def transact(self, work: Callable[[DriverConnection], Awaitable[T]]) -> T:
        """Run `work` and commit it; what it raises undoes it."""
        ...


class PostgresqlAppender:
    """`Appender` over a PostgreSQL database."""

    def __init__(self, database: Transacts) -> None:
        self._database = database

    async def __call__(self, batch: Batch, *, waits: bool) -> Sequence[Appended]:
        """See `Appender`."""
        with refusals():
            if batch.groups and not waits:
                return await self._database.transact(partial(_append, batch, statements.LOCK_FREE))
            wait_s = remaining_s(LONGEST_WAIT_S)
            try:
                with deadline_at(deadline() + TIME_TO_WRITE_S):
                    return await self._database.transact(partial(_wait_and_append, batch, wait_s))
            except _StillLocked:
                return [Held() for _ in batch.groups]


class _StillLocked(Exception):
    """A room's lock was not to be had in time."""


async def _wait_and_append(batch: Batch, wait_s: float, connection: DriverConnection) -> Sequence[Appended]:
    await connection.execute(f"SET LOCAL lock_timeout = {max(1, round(wait_s * 1_000))}")
    return await _append(batch, statements.LOCK_ALL, connection)


async def _append(batch: Batch, lock: str, connection: DriverConnection) -> Sequence[Appended]:
    try:
        heads = await connection.fetch(lock, batch.room_ids)
    except LockNotAvailableError as error:
        raise _StillLocked from error
    rooms = {room_id: KnownRoom(HeadRow(*row), floor) for room_id, floor, *row in heads}
    missing = [room_id for room_id in batch.room_ids if room_id not in rooms]
    there = await connection.fetch(statements.THERE, missing) if missing else []
    numbered = number_batch(batch, await _facts(connection, batch, rooms, frozenset(room_id for (room_id,) in there)))
    if numbered.writes.rooms:
        await _write(connection, numbered.writes)
    return numbered.outcomes


async def _facts(
    connection: DriverConnection, batch: Batch, rooms: dict[str, KnownRoom], held: frozenset[str]
) -> Facts:
    asked = {(draft.room_id, draft.name) for group in batch.groups for draft in group.drafts if draft.room_id in rooms}
    key_ids, redacted = batch.key_ids, batch.redacted
    parameters: list[Sequence[Any]] = [*_columns(asked, 2)]
    if key_ids:
        parameters.append(key_ids)
    if redacted:
        parameters += _columns(redacted, 2)
    streams: dict[tuple[str, str], int] = {}
    keys: dict[bytes, KeyUse] = {}
    targets: dict[Place, Target] = {}
    statement = statements.facts(keys=bool(key_ids), targets=bool(redacted))
    for kind, room_id, name, seq, timestamp, key_id, digest, is_blank, payload in await connection.fetch(
        statement, *parameters
    ):
        if kind == "s":
            streams[room_id, name] = seq
        elif kind == "k":
            keys[key_id] = KeyUse(digest, seq, timestamp)
        else:
            targets[room_id, seq] = Target(name, timestamp, is_blank, payload and payload.encode())
    return Facts(rooms=rooms, streams=streams, keys=keys, targets=targets, held=held)


async def _write(connection: DriverConnection, writes: Writes) -> None:
    statement = statements.writes(
        events=bool(writes.events), keys=bool(writes.keys), tombstones=bool(writes.tombstones)
    )
    await connection.execute(statement, *_parameters(writes))


def _parameters(writes: Writes) -> Iterator[Any]:
    events = writes.events
    if events:
        yield to_datetime(writes.arrived_ms)
        yield [event.room_id for event in events]
        yield [event.name for event in events]
        yield [event.payload.decode() for event in events]
        yield [event.sender for event in events]
        yield [event.timestamp_ms for event in events]
        yield [event.seq for event in events]
        yield [event.event_seq for event in events]
        yield [to_jsonb(event.meta) for event in events]
        yield from _columns([(*stream, head) for stream, head in writes.streams.items()], 3)
    if writes.keys:
        yield from _columns([(key_id, *use) for key_id, use in writes.keys.items()], 4)
    if writes.tombstones:
        made = writes.tombstones.items()
        yield from _columns([(*place, to_jsonb(each.payload), each.sender) for place, each in made], 4)
    yield from _columns([(room_id, *row) for room_id, row in writes.rooms.items()], 5)


def _columns(rows: Any, width: int) -> list[Sequence[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]
