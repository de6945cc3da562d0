"""Keeping batches in PostgreSQL, beside what the drivers alone do in the same database, batch by batch in turn."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from time import perf_counter
from typing import Any

import asyncpg
import psycopg
from anyio import to_thread

from dialogue.adapters.sqlmodel.postgresql.array_literal import numbers, texts
from dialogue.adapters.sqlmodel.postgresql.database import PostgresqlDatabase
from dialogue.adapters.sqlmodel.postgresql.engine import PostgresqlSettings
from dialogue.adapters.sqlmodel.postgresql.storage import PostgresqlStorage
from dialogue.domain.draft import Draft
from dialogue.domain.draft_group import DraftGroup
from dialogue.domain.ports.history_archive import HistoryArchive

from ..support.postgresql import postgresql
from .figures import Figure, p50
from .setting import Setting

BATCH = 100
ROOMS = (1, 50)
NAME = "message"
PAYLOAD = '{"text":"hello there, how are you today?","username":"ada"}'
ARRIVED = datetime(2026, 1, 1)
TIMESTAMP_MS = 1_767_225_600_000
COLUMNS = (
    "room_id",
    "event_name",
    "event_data",
    "from_user",
    "timestamp",
    "created_at",
    "seq",
    "event_seq",
    "meta",
)
TYPES = ("text", "text", "text", "text", "bigint", "timestamp", "bigint", "bigint", "text")
LOCK = (
    'SELECT room_id, head FROM dialogue_rooms WHERE room_id = ANY($1::text[]) ORDER BY room_id COLLATE "C" FOR UPDATE'
)
MOVE = """
WITH moved AS (UPDATE dialogue_rooms AS r SET head = v.head, moved = pg_current_xact_id()
FROM unnest($1::text[], $2::bigint[]) AS v (room_id, head) WHERE r.room_id = v.room_id)
INSERT INTO dialogue_streams (room_id, event_name, head, floor, floor_seq)
SELECT v.room_id, 'message', v.head, 0, 0 FROM unnest($1::text[], $2::bigint[]) AS v (room_id, head)
ON CONFLICT (room_id, event_name) DO UPDATE SET head = excluded.head"""
INSERT = f"""
INSERT INTO messages ({", ".join(COLUMNS)})
SELECT v.r, v.n, v.d::jsonb, v.u, v.t, v.c, v.s, v.e, v.m::jsonb
FROM unnest({", ".join(f"${place}::text::{kind}[]" for place, kind in enumerate(TYPES, 3))})
  AS v (r, n, d, u, t, c, s, e, m)"""
MOVE_BY_TEXT = MOVE.replace("$1::", "$1::text::").replace("$2::", "$2::text::")
INSERT_AND_MOVE = MOVE_BY_TEXT.replace("WITH moved", f"WITH inserted AS ({INSERT}), moved", 1)

Keep = Callable[[Sequence[str]], Awaitable[object]]
"""Keeps one event for each of these rooms, in one transaction."""


async def measure(setting: Setting) -> list[Figure]:
    """A server of its own, which fsyncs; one connection each."""
    running = postgresql(durable=True)
    server = await to_thread.run_sync(running.__enter__)
    try:
        figures: list[Figure] = []
        for rooms in ROOMS:
            with server.database() as url:
                figures += await _measure(url, rooms, setting)
        return figures
    finally:
        await to_thread.run_sync(running.__exit__, None, None, None)


async def _measure(url: str, rooms: int, setting: Setting) -> list[Figure]:
    # Each has rooms of its own, as a node mostly has: what one remembers of a room is not made wrong by another one.
    room_ids = {name: [f"{name}-{number % rooms}" for number in range(BATCH)] for name in CONTENDERS}
    await _begin(url, {room_id for each in room_ids.values() for room_id in each})
    async with AsyncExitStack() as stack:
        contenders: dict[str, Keep] = {}
        for name, contender in CONTENDERS.items():
            contenders[name] = await stack.enter_async_context(contender(url, room_ids[name]))
        names = list(contenders)
        times: dict[str, list[float]] = {name: [] for name in names}
        for turn in range(setting.some(600)):
            for name in names[turn % len(names) :] + names[: turn % len(names)]:
                began = perf_counter()
                await contenders[name](room_ids[name])
                times[name].append(perf_counter() - began)
    rates = {name: BATCH / p50(spent[len(spent) // 10 :]) for name, spent in times.items()}
    fastest = max(rate for name, rate in rates.items() if name != ADAPTER)
    where = f"in {rooms} rooms" if rooms > 1 else "in one room"
    return [
        Figure(
            what=f"{name}, {where}", value=rate, unit="events/s", ratio=rate / fastest, remark="to the fastest driver"
        )
        for name, rate in rates.items()
    ]


async def _begin(url: str, room_ids: Collection[str]) -> None:
    """Make the tables, and let each room begin, with one event."""
    storage = PostgresqlStorage(PostgresqlDatabase(PostgresqlSettings(url=url)))
    async with storage.running():
        await storage.archive.append([await _group(storage.archive, room_id) for room_id in room_ids], {}, TIMESTAMP_MS)


@asynccontextmanager
async def _adapter(url: str, room_ids: Sequence[str]) -> AsyncIterator[Keep]:
    storage = PostgresqlStorage(PostgresqlDatabase(PostgresqlSettings(url=url)))
    async with storage.running():
        groups = [await _group(storage.archive, room_id) for room_id in room_ids]
        yield lambda _: storage.archive.append(groups, {}, TIMESTAMP_MS)


async def _group(archive: HistoryArchive, room_id: str) -> DraftGroup:
    epoch = (await archive.open(room_id)).epoch
    return DraftGroup.of(Draft(room_id=room_id, epoch=epoch, name=NAME, payload=PAYLOAD.encode(), sender="ada"))


@asynccontextmanager
async def _asyncpg_unnest(url: str, _: Sequence[str]) -> AsyncIterator[Keep]:
    connection = await asyncpg.connect(url)

    async def keep(room_ids: Sequence[str]) -> None:
        await connection.execute("BEGIN")
        heads = dict(await connection.fetch(LOCK, sorted(set(room_ids))))
        columns = [_as_text(column) for column in zip(*_rows(room_ids, heads), strict=True)]
        await connection.execute(INSERT_AND_MOVE, texts(heads), numbers(heads.values()), *columns)
        await connection.execute("COMMIT")

    yield keep
    await connection.close()


@asynccontextmanager
async def _asyncpg_copy(url: str, _: Sequence[str]) -> AsyncIterator[Keep]:
    connection = await asyncpg.connect(url)

    async def keep(room_ids: Sequence[str]) -> None:
        await connection.execute("BEGIN")
        heads = dict(await connection.fetch(LOCK, sorted(set(room_ids))))
        rows = _rows(room_ids, heads)
        await connection.copy_records_to_table("messages", records=rows, columns=COLUMNS)
        await connection.execute(MOVE_BY_TEXT, texts(heads), numbers(heads.values()))
        await connection.execute("COMMIT")

    yield keep
    await connection.close()


@asynccontextmanager
async def _psycopg_copy(url: str, _: Sequence[str]) -> AsyncIterator[Keep]:
    connection = await psycopg.AsyncConnection.connect(url, autocommit=True, prepare_threshold=0)
    lock, move = LOCK.replace("$1", "%(ids)s"), MOVE.replace("$1", "%(ids)s").replace("$2", "%(heads)s")

    async def keep(room_ids: Sequence[str]) -> None:
        async with connection.transaction(), connection.cursor() as cursor:
            await cursor.execute(lock.encode(), {"ids": sorted(set(room_ids))})
            heads: dict[str, int] = dict(await cursor.fetchall())
            rows = _rows(room_ids, heads)
            async with cursor.copy(f"COPY messages ({', '.join(COLUMNS)}) FROM STDIN".encode()) as copy:
                for row in rows:
                    await copy.write_row(row)
            await cursor.execute(move.encode(), {"ids": list(heads), "heads": list(heads.values())})

    yield keep
    await connection.close()


def _as_text(column: Sequence[Any]) -> str:
    """Of an array asyncpg asks each value whether it is an array itself: text is faster."""
    match column[0]:
        case int():
            return numbers(column)
        case None:
            return f"{{{','.join(['NULL'] * len(column))}}}"
        case _:
            return texts([*map(str, column)])


def _rows(room_ids: Sequence[str], heads: dict[str, int]) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    for room_id in room_ids:
        heads[room_id] = seq = heads[room_id] + 1
        rows.append((room_id, NAME, PAYLOAD, "ada", TIMESTAMP_MS, ARRIVED, seq, seq, None))
    return rows


ADAPTER = "Dialogue's adapter"
CONTENDERS: Mapping[str, Callable[[str, Sequence[str]], Any]] = {
    ADAPTER: _adapter,
    "asyncpg, unnest": _asyncpg_unnest,
    "asyncpg, COPY": _asyncpg_copy,
    "psycopg, COPY": _psycopg_copy,
}
