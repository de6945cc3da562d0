"""The PostgreSQL database, as something that transactions are run in."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, TypeVar

from anyio import CancelScope
from sqlalchemy import Connection, Table, text
from sqlalchemy.dialects.postgresql import Insert, insert

from ....application.deadline import deadline
from ....domain.errors import ConfigurationError, Unavailable
from ..migrations.seed.takeover import Progress
from ..migrations.upgrade import upgrade
from .append_batch import PostgresqlAppender
from .driver import DriverConnection, Version
from .engine import PostgresqlSettings, connect, engine
from .lane import Signature
from .opened import Opened
from .unavailable import DatabaseError, condition, translated
from .url import dsn_of, shown

REPAIR_S = 3_600.0
OLDEST = 14
"""The oldest version of PostgreSQL that will do."""
UNICODE = "UTF8"
"""The only encoding of a database that will do."""
ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('dialogue ' || CAST(:what AS text), 0))")

T = TypeVar("T")

logger = logging.getLogger("dialogue.database")


class PostgresqlDatabase:
    """A database of a PostgreSQL server. Making this object opens nothing; after `close` it can be opened again.

    A transaction is a sync function of a `Connection`, which runs on the event loop and gives it back while the server
    works. It waits for its turn, for locks and for the server until the caller's deadline, and for `patience_s` where
    there is none. One that has begun to write is never given up: its outcome has to be known, so also a caller that was
    cancelled waits for it.
    """

    def __init__(self, settings: PostgresqlSettings) -> None:
        dsn_of(settings.url)
        self._settings = settings
        self._opened: Opened | None = None

    @property
    def prepares(self) -> bool:
        """Whether statements may be prepared by name: not where a proxy lends each transaction another connection."""
        return self._ensure_open().prepares

    async def open(self, progress: Progress | None = None) -> None:
        """Connect, bring the tables to this version, and let transactions run.

        Raises ConfigurationError where the database cannot be used, or holds what is not ours.
        """
        if self._opened is None:
            self._opened = await self._prepare(progress or _log_progress)

    async def close(self) -> None:
        """Let the database go. Does nothing where it is not open."""
        opened, self._opened = self._opened, None
        if opened is not None:
            with CancelScope(shield=True):
                await opened.finish()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The database, open for as long as the context lasts. Raises ConfigurationError as `open` does."""
        await self.open()
        try:
            yield
        finally:
            await self.close()

    async def migrate(self, progress: Progress | None = None) -> None:
        """Only bring the tables to this version; otherwise as `open` and `close`. Safe to repeat."""
        if self._opened is None:
            await self.open(progress)
            await self.close()

    async def check(self, also: Callable[[Connection], None] | None = None) -> None:
        """Write something small, past all that waits to be written, and run `also` in the same transaction.

        Raises Unavailable where nothing can be kept at this moment, or where `also` does. Waits for a second at most.
        """

        await self._ensure_open().check(also)

    async def repair(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction over a database that is opened for it alone, for as long as it takes.

        Nodes may run over it meanwhile. Raises ConfigurationError where it cannot be used.
        """
        patient = replace(self._settings, patience_s=REPAIR_S, statement_timeout_s=REPAIR_S, writers=1, readers=1)
        database = PostgresqlDatabase(patient)
        async with database.running():
            return await database.write(work)

    async def ask(self, query: str) -> Any:
        """The first row of a statement, over a connection made for it: nothing has to be open. Raises Unavailable."""
        with translated():
            connection = await connect(self._settings, prepares=False)
            try:
                return await connection.fetchrow(query)
            finally:
                await connection.close()

    async def read(self, work: Callable[[Connection], T]) -> T:
        """See `Database.read`."""
        return await self._ensure_open().read(work, deadline())

    async def peek(self, work: Callable[[Connection], T]) -> T:
        """See `Database.peek`."""
        return await self._ensure_open().peek(work, deadline())

    async def write(self, work: Callable[[Connection], T]) -> T:
        """See `Database.write`."""
        return await self._ensure_open().write(work, deadline())

    async def transact(self, work: Callable[[DriverConnection, Signature], Awaitable[T]]) -> T:
        """As `write`, for work over the driver's own connection, which signs before it is done: see `Signature`.

        It raises what the driver raises.
        """
        return await self._ensure_open().transact_signing(lambda opened, sign: work(opened.raw, sign), deadline())

    def appender(self) -> PostgresqlAppender:
        """See `Database.appender`."""
        return PostgresqlAppender(self)

    def one_at_a_time(self, connection: Connection, what: str) -> None:
        """See `Database.one_at_a_time`."""
        connection.execute(ONE_AT_A_TIME, {"what": what})

    def insert(self, table: Table) -> Insert:
        """See `Database.insert`."""
        return insert(table)

    def _ensure_open(self) -> Opened:
        if self._opened is None:
            raise Unavailable("The database is not open")
        return self._opened

    async def _prepare(self, progress: Progress) -> Opened:
        try:
            prepares = await self._is_direct()
            await self._migrate(prepares, progress)
            opened = Opened(self._settings, prepares=prepares)
            try:
                await opened.begin()
            except BaseException:
                with CancelScope(shield=True):
                    await opened.close()
                raise
        except Unavailable as error:
            raise ConfigurationError(f"{shown(self._settings.url)} cannot be used: {error.message}") from error
        except DatabaseError as error:
            why = condition(error) or error
            raise ConfigurationError(f"{shown(self._settings.url)} cannot be used: {why}") from error
        return opened

    async def _is_direct(self) -> bool:
        """Whether no proxy stands in between, which answers to the handshake with a number of its own."""
        connection = await connect(self._settings, prepares=False)
        try:
            ensure_new_enough(connection.get_server_version(), shown(self._settings.url))
            _ensure_unicode(await connection.fetchval("SHOW server_encoding"), shown(self._settings.url))
            return bool(await connection.fetchval("SELECT pg_backend_pid()") == connection.get_server_pid())
        finally:
            await connection.close()

    async def _migrate(self, prepares: bool, progress: Progress) -> None:
        migrating = engine(self._settings, prepares=prepares)
        try:
            async with migrating.connect() as connection:
                await connection.execution_options(isolation_level="READ COMMITTED")
                await connection.run_sync(upgrade, shown(self._settings.url), progress)
        finally:
            with CancelScope(shield=True):
                await migrating.dispose()


def ensure_new_enough(version: Version, database: str) -> None:
    """Raise ConfigurationError where the server is older than what statements and migrations need of it."""
    if version.major < OLDEST:
        raise ConfigurationError(
            f"{database} is PostgreSQL {version.major}.{version.minor}, and Dialogue needs PostgreSQL {OLDEST} or later"
        )


def _ensure_unicode(encoding: str, database: str) -> None:
    # SQL_ASCII, which a server made without a locale has, counts bytes where limits are in characters.
    if encoding != UNICODE:
        raise ConfigurationError(
            f"{database} has the encoding {encoding}, and Dialogue needs {UNICODE}: "
            f"CREATE DATABASE … ENCODING '{UNICODE}' TEMPLATE template0"
        )


def _log_progress(done: int, total: int) -> None:
    logger.info("taking over events: %d of %d", done, total)
