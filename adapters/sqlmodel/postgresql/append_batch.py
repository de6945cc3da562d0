"""The transaction that keeps a batch in PostgreSQL: three statements over the driver's own connection."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Protocol, TypeVar

from asyncpg import LockNotAvailableError

from ....application.deadline import deadline, deadline_at, remaining_s
from ....domain.draft import DraftByPattern
from ....domain.outcome import Appended, Held
from ..arrival import to_datetime
from ..batch import Batch, Facts, HeadRow, KnownRoom, Numbered, Place, Target, Writes
from ..batch_keys import KeyUse
from ..jsonb import to_jsonb
from ..number_batch import number_batch
from . import append_statements as statements
from .array_literal import numbers, texts
from .driver import DriverConnection
from .lane import Signature, ensure_signed
from .refusals import refusals
from .stream_heads import StreamHeads

LONGEST_WAIT_S = 60.0
"""How long a lock is waited for where nobody says until when."""
COPIED_FROM = 50
"""How many events are copied in: from here on that costs less, for both sides, than one more round trip."""
TIME_TO_WRITE_S = 2.0
"""What is left for writing when a lock was waited for until the deadline."""

T = TypeVar("T")
_Done = tuple[Facts, Numbered]


class Transacts(Protocol):
    """What runs a transaction over the driver's own connection; `PostgresqlDatabase` does."""

    async def transact(self, work: Callable[[DriverConnection, Signature], Awaitable[T]]) -> T:
        """Run `work`, which signs, and commit it; what it raises undoes it."""
        ...


class PostgresqlAppender:
    """`Appender` over a PostgreSQL database."""

    def __init__(self, database: Transacts) -> None:
        self._database = database
        self._heads = StreamHeads()

    async def __call__(self, batch: Batch, *, waits: bool) -> Sequence[Appended]:
        """See `Appender`."""
        with refusals():
            if batch.groups and not waits:
                return await self._commit(partial(self._append, batch))
            wait_s = remaining_s(LONGEST_WAIT_S)
            try:
                with deadline_at(deadline() + TIME_TO_WRITE_S):
                    return await self._commit(partial(self._wait_and_append, batch, wait_s))
            except _StillLocked as error:
                return [Held(error.by)] * len(batch.groups)

    async def _commit(self, append: Callable[[DriverConnection, Signature], Awaitable[_Done]]) -> Sequence[Appended]:
        facts, numbered = await self._database.transact(append)
        self._heads.note(facts.rooms, facts.streams, numbered.writes)
        return numbered.outcomes

    async def _append(self, batch: Batch, connection: DriverConnection, sign: Signature) -> _Done:
        return await self._keep(batch, await connection.fetch(statements.LOCK_FREE, batch.room_ids), connection, sign)

    async def _wait_and_append(
        self, batch: Batch, wait_s: float, connection: DriverConnection, sign: Signature
    ) -> _Done:
        """Take what is free; where nothing is, wait for one lock, where all are let go together with it."""
        first, *others = room_ids = batch.room_ids
        heads = await connection.fetch(statements.LOCK_FREE, room_ids) if others else []
        if not heads:
            found = await connection.fetch(statements.HELD_BY, room_ids) if others else [(first, None)]
            holders = {by for _, by in found}
            if len(holders) == 1:
                heads = await _wait(room_ids, holders.pop(), wait_s, connection)
        return await self._keep(batch, heads, connection, sign)

    async def _keep(self, batch: Batch, heads: Sequence[Any], connection: DriverConnection, sign: Signature) -> _Done:
        """Keep what belongs into the rooms of these rows, which are locked."""
        rooms = {row[0]: KnownRoom(HeadRow._make(row[2:]), row[1]) for row in heads}
        missing = [room_id for room_id in batch.room_ids if room_id not in rooms]
        held = await connection.fetch(statements.HELD_BY, missing) if missing else []
        facts = await self._facts(batch, rooms, connection)
        facts = replace(facts, held={room_id: Held(by) for room_id, by in held}) if held else facts
        numbered = number_batch(batch, facts)
        if numbered.writes.rooms:
            await _write(connection, numbered.writes, sign)
        else:
            ensure_signed(await connection.execute(sign.statement))
        return facts, numbered

    async def _facts(self, batch: Batch, rooms: Mapping[str, KnownRoom], connection: DriverConnection) -> Facts:
        wanted = batch.streams
        if len(rooms) < len(batch.room_ids):
            wanted = {stream for stream in wanted if stream[0] in rooms}
        streams = self._heads.known(wanted, rooms)
        asked, key_ids, redacted = wanted - streams.keys(), batch.key_ids, batch.redacted
        keys: dict[bytes, KeyUse] = {}
        targets: dict[Place, Target] = {}
        if asked or key_ids or redacted:
            statement = statements.facts(streams=bool(asked), keys=bool(key_ids), targets=bool(redacted))
            parameters = [*_columns(asked), *[key_ids] * bool(key_ids), *_columns(redacted)]
            found = await connection.fetch(statement, *parameters)
            for kind, room_id, name, seq, timestamp, key_id, digest, is_blank, payload in found:
                if kind == "s":
                    streams[room_id, name] = seq
                elif kind == "k":
                    keys[key_id] = KeyUse(digest, seq, timestamp)
                else:
                    targets[room_id, seq] = Target(name, timestamp, is_blank, payload and payload.encode())
        names = await self._names(batch, streams, connection) if asked else {}
        return Facts(rooms=rooms, streams=streams, keys=keys, targets=targets, names=names)

    async def _names(
        self, batch: Batch, streams: Mapping[tuple[str, str], int], connection: DriverConnection
    ) -> dict[str, int]:
        drafts = (draft for group in batch.groups for draft in group.drafts if isinstance(draft, DraftByPattern))
        room_ids = {draft.room_id for draft in drafts if (draft.room_id, draft.name) not in streams}
        return dict(await connection.fetch(statements.COUNT_NAMES, [*room_ids])) if room_ids else {}


class _StillLocked(Exception):
    """A room's lock was not to be had in time; `by` whom, where that is known."""

    def __init__(self, by: str | None) -> None:
        super().__init__(by)
        self.by = by


async def _wait(room_ids: Sequence[str], by: str | None, wait_s: float, connection: DriverConnection) -> Sequence[Any]:
    """The rows of these rooms that are free when the first of them is, locked; it waits in that one's queue."""
    await connection.execute(f"SET LOCAL lock_timeout = {max(1, round(wait_s * 1_000))}")
    first, *others = room_ids
    try:
        if others:
            return await connection.fetch(statements.LOCK_AND_FREE, room_ids, first)
        return await connection.fetch(statements.LOCK, first)
    except LockNotAvailableError as error:
        raise _StillLocked(by) from error


async def _write(connection: DriverConnection, writes: Writes, sign: Signature) -> None:
    events = _rows(writes)
    copies = len(events) >= COPIED_FROM
    if copies:
        await connection.copy_records_to_table("messages", records=events, columns=statements.COPIED)
    statement = statements.writes(
        sign.condition,
        events=bool(events) and not copies,
        streams=bool(writes.streams),
        keys=bool(writes.keys),
        tombstones=bool(writes.tombstones),
    )
    parameters = _parameters(writes, [] if copies else events)
    ensure_signed(await connection.execute(statement, sign.number, sign.lane_id, *parameters), len(writes.rooms))


def _rows(writes: Writes) -> list[tuple[Any, ...]]:
    arrived = to_datetime(writes.arrived_ms)
    return [
        (
            arrived,
            event.room_id,
            event.name,
            event.payload.decode(),
            event.sender,
            event.timestamp_ms,
            event.seq,
            event.event_seq,
            to_jsonb(event.meta),
        )
        for event in writes.events
    ]


def _parameters(writes: Writes, events: Sequence[tuple[Any, ...]]) -> Iterator[Any]:
    if events:
        (arrived, *_), *_ = events
        yield arrived
        yield from _columns(events)[1:]
    if writes.streams:
        room_ids, names = zip(*writes.streams, strict=True)
        yield from (texts(room_ids), texts(names), numbers(writes.streams.values()))
    yield from _columns([(key_id, *use) for key_id, use in writes.keys.items()])
    made = writes.tombstones.items()
    yield from _columns([(*place, to_jsonb(each.payload), each.sender) for place, each in made])
    epochs, *rest = zip(*writes.rooms.values(), strict=True)
    yield from (texts(writes.rooms), texts(epochs), *map(numbers, rest))


def _columns(rows: Iterable[tuple[Any, ...]]) -> list[Sequence[Any]]:
    """The arrays of these rows; none where there are none, and the statement has no part for them."""
    return [list(column) for column in zip(*rows, strict=True)]
