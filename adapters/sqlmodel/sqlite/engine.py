"""SQLAlchemy engines over one SQLite file, with transactions as SQLite means them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from time import monotonic
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool, QueuePool

from .log_growth import LOG_LIMIT

POOL_TIMEOUT_S = 30.0
CACHE_KIB = 8_192
"""What the writer keeps of the file. A batch touches some five pages for each of its events, most of them in indexes:
with SQLite's own 2 MiB each batch of a few hundred rooms read them again."""
CHECKPOINT_PAGES = 3_000
"""How long the write-ahead log gets before it is brought into the file (SQLite: 1,000). The same pages are written by
one batch after the other, and only their last state has to get there. Stays below `LOG_LIMIT`."""
READING_PATIENCE_S = 1.0
CHECK_PATIENCE_S = 1.0
"""How long a check waits for a lock: a caller of it would rather hear "no" than wait."""
UNTIL = "dialogue.until"
"""The key in a connection's `info` under which its next transaction finds until when it may wait for the lock."""


def _any_file() -> None:
    """Take whatever file is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SqliteSettings:
    """How SQLite is to be used.

    `patience_s` is how long a transaction waits for a lock where nothing else is said. `ensure_file` is called before a
    connection is opened, and raises where the file is not the right one any more.
    """

    path: Path
    synchronous: str
    patience_s: float
    ensure_file: Callable[[], None] = _any_file


def writing_engine(settings: SqliteSettings) -> Engine:
    """An engine of one connection, whose transactions hold the write lock from their first moment.

    It waits for the lock as long as the connection's `info` says under `UNTIL`. What it deletes is overwritten: what
    was redacted or trimmed must not be found in the file's free pages. Its write-ahead log is cut when it begins anew.
    """
    pragmas = [
        "journal_mode = WAL",
        "foreign_keys = ON",
        "secure_delete = ON",
        f"journal_size_limit = {LOG_LIMIT}",
        f"wal_autocheckpoint = {CHECKPOINT_PAGES}",
        f"cache_size = -{CACHE_KIB}",
    ]
    engine = _engine(replace(settings, patience_s=0), 1, None, pragmas)

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        _begin_immediate(connection, min(connection.info.pop(UNTIL, inf), monotonic() + settings.patience_s))

    return engine


def checking_engine(settings: SqliteSettings) -> Engine:
    """An engine of one connection that writes beside the writer's, and does not wait for long."""
    pragmas = [
        "foreign_keys = ON",
        f"journal_size_limit = {LOG_LIMIT}",
        f"wal_autocheckpoint = {CHECKPOINT_PAGES}",
    ]
    patience_s = min(settings.patience_s, CHECK_PATIENCE_S)
    return _engine(replace(settings, patience_s=patience_s), 1, "BEGIN IMMEDIATE", pragmas)


def reading_engine(settings: SqliteSettings, connections: int) -> Engine:
    """An engine whose transactions see one snapshot, and cannot write."""
    return _engine(_reading(settings), connections, "BEGIN", ["query_only = ON"])


def peeking_engine(settings: SqliteSettings, connections: int) -> Engine:
    """An engine for one statement at a time, which sees one snapshot by itself: it begins and ends no transaction."""
    return _engine(_reading(settings), connections, None, ["query_only = ON"])


def anchor(settings: SqliteSettings) -> sqlite3.Connection:
    """A connection that nobody uses. As long as it is there SQLite keeps the write-ahead log's file, by its name."""
    connection = _connect(_reading(settings), ["query_only = ON"])
    connection.execute("SELECT count(*) FROM sqlite_master").close()
    return connection


def migrating_engine(settings: SqliteSettings) -> Engine:
    """An engine for changing tables: nothing about the file is changed outside of its transactions.

    A table is replaced by making the new one, dropping the old one and renaming the new one. With foreign keys in force
    the drop would delete rows that refer to it, and without the legacy rename views over the old one would stop it.
    """
    return _engine(settings, 0, "BEGIN IMMEDIATE", ["foreign_keys = OFF", "legacy_alter_table = ON"])


def _reading(settings: SqliteSettings) -> SqliteSettings:
    # Who reads waits for nobody but while another program recovers the database, or closes it as the last one.
    return replace(settings, patience_s=READING_PATIENCE_S)


def _begin_immediate(connection: Connection, until: float) -> None:
    raw = connection.connection.driver_connection
    assert raw is not None
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    except OperationalError as error:
        rest = until - monotonic()
        if getattr(error.orig, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_BUSY or rest <= 0:
            raise
        raw.execute(f"PRAGMA busy_timeout = {max(1, round(rest * 1_000))}").close()
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        finally:
            raw.execute("PRAGMA busy_timeout = 0").close()


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
    settings.ensure_file()
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
