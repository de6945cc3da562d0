"""SQLAlchemy engines over a PostgreSQL database, whose connections begin no transaction by themselves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from .driver import DriverConnection
from .url import dsn_of

EnsureServer = Callable[[DriverConnection], Awaitable[None]]

NAMED_STATEMENTS = 200
"""How many statements a connection keeps prepared at most, each by a name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresqlSettings:
    """How PostgreSQL is to be used. All times are in seconds.

    `patience_s` is how long a transaction waits where nothing else is said; the other times bound a statement, the wait
    for a lock, and a transaction in which nothing happens. `readers` and `writers` are how many connections read and
    write at a time. `is_replication_synchronous` says that a replica which is promoted has all that was answered for.
    """

    url: str
    patience_s: float = 5.0
    statement_timeout_s: float = 30.0
    lock_timeout_s: float = 5.0
    idle_timeout_s: float = 10.0
    connect_timeout_s: float = 5.0
    readers: int = 8
    writers: int = 8
    is_replication_synchronous: bool = False


async def connect(settings: PostgresqlSettings, *, prepares: bool) -> DriverConnection:
    """A new connection. With `prepares` statements may be kept in it by name; a proxy may be no longer there then."""
    connection: DriverConnection = await asyncpg.connect(
        dsn_of(settings.url),
        timeout=settings.connect_timeout_s,
        statement_cache_size=NAMED_STATEMENTS if prepares else 0,
    )
    return connection


async def _any_server(_: DriverConnection) -> None:
    """Take whatever server it is."""


def engine(settings: PostgresqlSettings, *, prepares: bool, ensure_server: EnsureServer = _any_server) -> AsyncEngine:
    """An engine that makes connections and keeps none. Whoever uses one begins and ends the transaction in it.

    `ensure_server` is asked of each new connection, and raises where it leads to the wrong server.
    """

    async def creator(**_: Any) -> DriverConnection:
        connection = await connect(settings, prepares=prepares)
        try:
            await ensure_server(connection)
        except BaseException:
            connection.terminate()
            raise
        return connection

    return create_async_engine(
        "postgresql+asyncpg://",
        async_creator=creator,
        connect_args={"prepared_statement_cache_size": NAMED_STATEMENTS if prepares else 0},
        isolation_level="AUTOCOMMIT",
        json_deserializer=str,
        poolclass=NullPool,
    )
