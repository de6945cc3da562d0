"""Every statement that reads or clears history is made of index seeks: on a million events, with any kind of plan."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Engine, event

from dialogue.adapters.sqlmodel.postgresql.database import PostgresqlDatabase
from dialogue.adapters.sqlmodel.postgresql.engine import PostgresqlSettings
from dialogue.adapters.sqlmodel.postgresql.storage import PostgresqlStorage
from dialogue.domain.page import PageLimit
from dialogue.domain.position import StreamFloor
from dialogue.domain.retention import Retention

from ....support.shared_postgresql import database_with_tables

GIANT = 1_000_000
SMALL_ROOMS = 10_000
FILL = f"""
    INSERT INTO messages (room_id, event_name, event_data, from_user, timestamp, created_at, seq, event_seq)
    SELECT 'giant', CASE WHEN rare THEN 'rare' ELSE 'common' END, '{{"text":"hello"}}',
        CASE WHEN rare THEN 'bob' ELSE 'user-' || n % 1000 END, 1000 * (n / 10),
        timestamp '1970-01-01' + n / 10 * interval '1 second', n, CASE WHEN rare THEN n / 100000 ELSE n - n / 100000 END
    FROM (SELECT n, n % 100000 = 0 AS rare FROM generate_series(1, {GIANT}) AS n) AS numbers;
    INSERT INTO messages (room_id, event_name, event_data, from_user, timestamp, created_at, seq, event_seq)
    SELECT 'small-' || room, 'common', '1', 'user-' || room % 1000, n, timestamp '1970-01-01', n, n
    FROM generate_series(1, {SMALL_ROOMS}) AS room, generate_series(1, 10) AS n;
    INSERT INTO dialogue_rooms (room_id, epoch, head, floor, swept, last_timestamp)
    SELECT 'small-' || room, 'e', 10, 0, 0, 10 FROM generate_series(1, {SMALL_ROOMS}) AS room
    UNION ALL SELECT 'giant', 'e', {GIANT}, 0, 0, 100000000;
    INSERT INTO dialogue_streams (room_id, event_name, head, floor, floor_seq)
    SELECT 'small-' || room, 'common', 10, 0, 0 FROM generate_series(1, {SMALL_ROOMS}) AS room
    UNION ALL VALUES ('giant', 'common', {GIANT - 10}, 0, 0), ('giant', 'rare', 10, 0, 0);
    INSERT INTO dialogue_read_marks SELECT 'ada', 'small-' || room, 5 FROM generate_series(1, {SMALL_ROOMS}) AS room
    UNION ALL VALUES ('ada', 'giant', {GIANT // 2}), ('user-7', 'giant', {GIANT - 200_000});
    INSERT INTO dialogue_keys
    SELECT decode(md5(n::text), 'hex'), '', n, n FROM generate_series(1, 100000) AS n
"""
INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'messages' AND indexname <> 'messages_pkey'"
MANY_NAMES = ["common", "rare", *[f"name-{number}" for number in range(120)]]


@dataclass(frozen=True, slots=True)
class Statement:
    """One that ran, with its parameters."""

    text: str
    parameters: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Cost:
    """What the plans of a reading took: pages of tables and indexes, and rows that any step had in its hands."""

    pages: int
    rows: int
    steps: tuple[str, ...]


@pytest.fixture(scope="module")
def million() -> Iterator[str]:
    """The database, with PostgreSQL's statistics about it."""
    with database_with_tables() as url:
        with psycopg.connect(url, autocommit=True) as connection:
            indexes = connection.execute(INDEXES).fetchall()
            for name, _ in indexes:
                connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
            connection.execute("ALTER TABLE messages SET UNLOGGED")
            connection.execute("SET maintenance_work_mem = '256MB'")
            connection.execute(FILL)
            for _, definition in indexes:
                connection.execute(definition)
            connection.execute("VACUUM ANALYZE")
        yield url


@pytest.fixture
async def storage(million: str) -> AsyncIterator[PostgresqlStorage]:
    """A node's storage over it."""
    storage = PostgresqlStorage(PostgresqlDatabase(PostgresqlSettings(url=million, readers=1, writers=1)))
    async with storage.running():
        yield storage


@contextmanager
def recorded() -> Iterator[list[Statement]]:
    """All statements that run meanwhile."""
    statements: list[Statement] = []

    def record(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        if isinstance(parameters, tuple):  # and not many of them, of an insert
            statements.append(Statement(statement, parameters))

    event.listen(Engine, "before_cursor_execute", record)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", record)


def explained(url: str, statements: list[Statement], mode: str) -> Cost:
    """What the statements take when they are run again; nothing of it is kept."""
    pages, rows = 0, 0
    steps: list[str] = []
    with psycopg.connect(url) as connection:
        connection.execute(sql.SQL("SET LOCAL plan_cache_mode = {}").format(mode))
        for number, statement in enumerate(statements):
            name = sql.Identifier(f"s{number}")
            connection.execute(sql.SQL("PREPARE {} AS {}").format(name, sql.SQL(_escaped(statement.text))))
            values = sql.SQL(", ").join(map(sql.Literal, statement.parameters))
            call = sql.SQL("({})").format(values) if statement.parameters else sql.SQL("")
            explain = sql.SQL("EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) EXECUTE {}{}").format(name, call)
            [[[plan]]] = connection.execute(explain).fetchall()
            root = plan["Plan"]
            pages += root["Shared Hit Blocks"] + root["Shared Read Blocks"]
            for step in _steps(root):
                rows = max(
                    rows, int(step["Actual Rows"] * step["Actual Loops"]) + step.get("Rows Removed by Filter", 0)
                )
                steps.append(" ".join(filter(None, (step["Node Type"], step.get("Relation Name")))))
        connection.rollback()
    return Cost(pages, rows, tuple(steps))


def _escaped(text: str) -> Any:
    return re.sub(r"([{}])", r"\1\1", text)


def _steps(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _steps(inner)


Reading = Callable[[PostgresqlStorage, int], Awaitable[Any]]
PAGE = PageLimit(events=50)
MOST = Retention(max_events=GIANT - 100)
NOWHERE = StreamFloor(event_seq=0, seq=0)
READINGS: dict[str, tuple[Reading, int, int]] = {
    # what is read, from how many pages of tables and indexes at most, with how many rows in hand at most
    "older of all": (lambda s, at: s.source.older("giant", None, at, PAGE), 30, 60),
    "older of one": (lambda s, at: s.source.older("giant", ["common"], at, PAGE), 30, 60),
    "older of a rare one": (lambda s, at: s.source.older("giant", ["rare"], at, PAGE), 40, 60),
    "older of an unknown one": (lambda s, at: s.source.older("giant", ["nothing"], at, PAGE), 30, 60),
    "older of two": (lambda s, at: s.source.older("giant", ["common", "rare"], at, PAGE), 350, 120),
    "older of many": (lambda s, at: s.source.older("giant", MANY_NAMES, at, PAGE), 900, 200),
    "newer of all": (lambda s, at: s.source.newer("giant", None, at - 51, PAGE), 30, 60),
    "newer of a rare one": (lambda s, at: s.source.newer("giant", ["rare"], at - 51, PAGE), 40, 60),
    "newer of two": (lambda s, at: s.source.newer("giant", ["common", "rare"], at - 51, PAGE), 350, 120),
    "between": (lambda s, at: s.source.between("giant", "common", at - 100, at - 51, 1 << 20), 30, 60),
    "at a time": (lambda s, at: s.source.seq_at("giant", 100 * at), 200, 60),
    "of a small room": (lambda s, at: s.source.older(f"small-{at // 150}", None, 11, PAGE), 30, 60),
    "the head": (lambda s, _: s.archive.open("giant"), 20, 10),
    "unread": (lambda s, at: s.read_marks.unread("ada", ["giant", f"small-{at // 150}"]), 80, 20),
    "unread of a mark": (lambda s, _: s.read_marks.mark("ada", "giant", GIANT // 2), 80, 20),
    "sent by a user": (lambda s, _: s.user_events.sent_by("bob", "", 50), 40, 60),
    "expired": (lambda s, _: s.archive.expired("giant", "common", MOST, 1, 50), 80, 1_010),
    "trimmed": (lambda s, _: s.archive.trim("small-1", "common", NOWHERE), 30, 10),
}


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("name", READINGS)
async def test_what_is_read_is_sought(storage: PostgresqlStorage, million: str, name: str, mode: str) -> None:
    reading, pages, rows = READINGS[name]
    costs = []
    for at in (GIANT, GIANT // 2, 200):
        with recorded() as statements:
            await reading(storage, at)
        costs.append(explained(million, statements, mode))
    print(f"{name}, {mode}: pages {[cost.pages for cost in costs]} at the end, in the middle, at the beginning")
    for cost in costs:
        assert not [step for step in cost.steps if step.startswith("Seq Scan")]
        assert cost.pages <= pages
        assert cost.rows <= rows


async def test_a_sweep_seeks_what_it_removes(storage: PostgresqlStorage, million: str) -> None:
    await storage.rooms.delete("small-77")
    with recorded() as statements:
        await storage.archive.sweep(5, 1_000)
    cost = explained(million, statements, "force_generic_plan")
    print(f"sweep: pages {cost.pages}, rows {cost.rows}")
    assert cost.pages < 600
    assert cost.rows <= 200


async def test_a_page_a_million_events_deep_takes_as_long_as_the_first(storage: PostgresqlStorage) -> None:
    for names in (None, ["common"], ["common", "rare"]):
        times: dict[int, list[float]] = {GIANT + 1: [], 60: []}
        for _ in range(40):
            for before, took in times.items():
                began = perf_counter()
                assert len(await storage.source.older("giant", names, before, PAGE)) >= 49
                took.append(perf_counter() - began)
        first, deep = (median(took) * 1_000 for took in times.values())
        print(f"{names or 'all'}: the first page {first:.2f} ms, at depth {GIANT:,} {deep:.2f} ms")
        assert deep < 3 * first
