"""SQLAlchemy engines over one SQLite file, with transactions as SQLite means them."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool, QueuePool

POOL_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SqliteSettings:
    """How SQLite is to be used."""

    path: Path
    synchronous: str
    patience_s: float


def writing_engine(settings: SqliteSettings) -> Engine:
    """An engine of one connection, whose transactions hold the write lock from their first moment.

    What it deletes is overwritten: what was redacted or trimmed must not be found in the file's free pages.
    """
    return _engine(settings, 1, "BEGIN IMMEDIATE", ["journal_mode = WAL", "foreign_keys = ON", "secure_delete = ON"])


def reading_engine(settings: SqliteSettings, connections: int) -> Engine:
    """An engine whose transactions see one snapshot, and cannot write."""
    return _engine(settings, connections, "BEGIN", ["query_only = ON"])


def peeking_engine(settings: SqliteSettings, connections: int) -> Engine:
    """An engine for one statement at a time, which sees one snapshot by itself: it begins and ends no transaction."""
    return _engine(settings, connections, None, ["query_only = ON"])


def migrating_engine(settings: SqliteSettings) -> Engine:
    """An engine for changing tables: nothing about the file is changed outside of its transactions.

    A table is replaced by making the new one, dropping the old one and renaming the new one. With foreign keys in force
    the drop would delete rows that refer to it, and without the legacy rename views over the old one would stop it.
    """
    return _engine(settings, 0, "BEGIN IMMEDIATE", ["foreign_keys = OFF", "legacy_alter_table = ON"])


def _engine(settings: SqliteSettings, size: int, begin: str | None, pragmas: list[str]) -> Engine:
    def connect() -> sqlite3.Connection:
        return _connect(settings, pragmas)

    if size:
        engine = create_engine(
            "sqlite://",
            creator=connect,
            poolclass=QueuePool,
            pool_size=size,
            max_overflow=0,
            pool_timeout=POOL_TIMEOUT_S,
        )
    else:
        engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)

    if begin is not None:

        @event.listens_for(engine, "begin")
        def start(connection: Connection) -> None:
            connection.exec_driver_sql(begin)

    return engine


def _connect(settings: SqliteSettings, pragmas: list[str]) -> sqlite3.Connection:
    connection = sqlite3.connect(
        # mode=rw: a file that went away is an error, never a new and empty database.
        f"file:{quote(str(settings.path.absolute()))}?mode=rw",
        uri=True,
        timeout=settings.patience_s,
        isolation_level=None,  # no transaction but those begun by "begin" above, DDL included
        check_same_thread=False,  # the pool lends a connection to one thread at a time
    )
    try:
        for pragma in [*pragmas, f"synchronous = {settings.synchronous}"]:
            connection.execute(f"PRAGMA {pragma}").close()
    except BaseException:
        connection.close()
        raise
    return connection
