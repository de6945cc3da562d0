"""Migrating a PostgreSQL database, and what is in it, read from outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from dialogue.adapters.sqlmodel.migrations.seed.takeover import Progress
from dialogue.adapters.sqlmodel.migrations.upgrade import upgrade

NAME = "the database"

COLUMNS = """
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
        (SELECT collname FROM pg_collation AS o WHERE o.oid = a.attcollation), pg_get_expr(d.adbin, d.adrelid)
    FROM pg_class AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'
    ORDER BY c.relname, a.attnum
"""
INDEXES = "SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema() ORDER BY indexname"
CONSTRAINTS = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = current_schema()::regnamespace AND contype <> 'n' ORDER BY 1, 2
"""


async def migrate(url: str, progress: Progress = lambda _done, _total: None, lock_s: float = 30.0) -> None:
    """Bring the tables of the database at `url` to this version, as a node does at its start."""
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://"), poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(upgrade, NAME, progress, lock_s)


def query(url: str, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """The rows of one statement."""
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(sql, parameters or None)
        return cursor.fetchall() if cursor.description else []


def schema(url: str) -> list[tuple[Any, ...]]:
    """All tables of the database with their columns, indexes and constraints."""
    return [row for sql in (COLUMNS, INDEXES, CONSTRAINTS) for row in query(url, sql)]
