"""The database, as something that transactions are run in."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager
from dataclasses import replace
from typing import Literal, TypeVar, get_args

from anyio import CancelScope, CapacityLimiter, to_thread
from sqlalchemy import Connection, Engine, Table
from sqlalchemy.dialects.sqlite import Insert, insert
from sqlalchemy.exc import DBAPIError

from ....domain.errors import ConfigurationError, Unavailable
from ..commit_outcome import CommitFailed, settled
from ..epochs import begin_running, end_running, new_epochs, still_running
from ..migrations.upgrade import Progress, upgrade
from .engine import SqliteSettings, migrating_engine, peeking_engine, reading_engine, writing_engine
from .file import ServerLock, ensure_database, path_of
from .refusals import refusals
from .unavailable import condition, translated

READERS = 4

Synchronous = Literal["FULL", "NORMAL", "OFF"]
T = TypeVar("T")

logger = logging.getLogger("dialogue.database")


class SqliteDatabase:
    """One SQLite file. Making this object opens nothing; after `close` it can be opened again.

    A transaction is a sync function of a `Connection`. It runs in a worker thread, one hop for the whole of it: there
    is one writer, and there are a few readers. Cancelling the caller does not cancel the transaction, whose outcome has
    to be known; the caller waits for it.
    """

    def __init__(self, url: str, *, synchronous: Synchronous = "FULL", patience_s: float = 5.0) -> None:
        path = path_of(url)
        if synchronous not in get_args(Synchronous):
            # SQLite takes any word, and understands a slip of the pen as less than FULL.
            raise ConfigurationError(
                f"synchronous must be one of {', '.join(get_args(Synchronous))}, not {synchronous!r}"
            )
        self._settings = SqliteSettings(path=path, synchronous=synchronous, patience_s=patience_s)
        self._lock = ServerLock(path)
        self._opened: _Opened | None = None

    async def open(self, progress: Progress | None = None) -> None:
        """Take the file for this process, bring its tables to this version, and let transactions run.

        `progress(done, total)` is called from a worker thread while the seed's events are taken over; without it that
        is logged. Raises ConfigurationError where the file cannot be used, or holds what is not ours.
        """
        if self._opened is None:
            self._opened = await to_thread.run_sync(self._prepare, progress or _log_progress)

    async def close(self) -> None:
        """Let the file go. Does nothing where it is not open."""
        opened, self._opened = self._opened, None
        if opened is not None:
            with CancelScope(shield=True):
                await to_thread.run_sync(opened.finish)
            self._lock.release()

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

    async def check(self) -> None:
        """Write something small. Raises Unavailable where nothing can be kept at this moment."""
        await self.write(still_running)

    async def renew_epochs(self) -> int:
        """Give every room a new epoch, as is due after a restore; how many rooms. The database must not be open.

        Raises ConfigurationError where there is no such file: a slip of the pen would make an empty one.
        """
        if not await to_thread.run_sync(self._settings.path.exists):
            raise ConfigurationError(f"{self._settings.path} does not exist")
        await self.open()
        try:
            return await self.write(new_epochs)
        finally:
            await self.close()

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction that sees one snapshot and writes nothing. Raises Unavailable."""
        opened = self._ensure_open()
        return await to_thread.run_sync(_transact, opened.reader, work, limiter=opened.readers)

    async def peek(self, work: Callable[[Connection], T]) -> T:
        """As `read`, for work that is one statement: a third of what a read of one page costs goes into the rest."""
        opened = self._ensure_open()
        return await to_thread.run_sync(_transact, opened.peeker, work, limiter=opened.readers)

    async def write(self, work: Callable[[Connection], T], was_kept: Callable[[Connection], bool] | None = None) -> T:
        """Run `work` in a transaction, alone, and commit it.

        Raises Unavailable: then nothing of it is kept, and never will be. Where a commit itself fails, `was_kept` is
        asked, on a new connection, whether it was made all the same; without it that counts as not kept. Raises
        CommitUnknown where that cannot be found out.
        """
        opened = self._ensure_open()
        try:
            return await to_thread.run_sync(_transact, opened.writer, work, limiter=opened.writers)
        except CommitFailed as failure:
            if was_kept is None:
                raise Unavailable(f"The database cannot be reached: {failure}") from failure
            result: T = await settled(failure, lambda: self._ask(was_kept))
            return result

    def refusals(self) -> AbstractContextManager[None]:
        """See `Database.refusals`."""
        return refusals()

    def insert(self, table: Table) -> Insert:
        """See `Database.insert`."""
        return insert(table)

    async def _ask(self, question: Callable[[Connection], bool]) -> bool:
        opened = self._ensure_open()
        try:
            return await to_thread.run_sync(_transact, opened.writer, question, limiter=opened.writers)
        except CommitFailed as failure:
            return bool(failure.result)  # it has written nothing: what it read is the answer

    def _ensure_open(self) -> _Opened:
        if self._opened is None:
            raise Unavailable("The database is not open")
        return self._opened

    def _prepare(self, progress: Progress) -> _Opened:
        path = self._settings.path
        with ExitStack() as undo:
            self._lock.acquire()
            undo.callback(self._lock.release)
            ensure_database(path)
            opened = _Opened(self._settings)
            undo.callback(opened.dispose)
            try:
                upgrade(migrating_engine(self._settings), path, progress)
                opened.begin(is_durable=self._settings.synchronous == "FULL")
            except (DBAPIError, sqlite3.Error) as error:
                raise ConfigurationError(f"{path} cannot be used: {condition(error) or error}") from error
            undo.pop_all()
        return opened


class _Opened:
    """The engines and limits of a database that is open."""

    def __init__(self, settings: SqliteSettings) -> None:
        self._settings = settings
        self.writer = writing_engine(settings)
        self.reader = reading_engine(settings, READERS)
        self.peeker = peeking_engine(settings, READERS)
        self.writers = CapacityLimiter(1)
        self.readers = CapacityLimiter(READERS)

    def begin(self, *, is_durable: bool) -> None:
        """Write once, so that what stands in the way is told at the start."""
        # On the disk whatever the setting: a power cut that took this row with the events that came after it would
        # leave a database that looks as after a clean stop.
        durable = writing_engine(replace(self._settings, synchronous="FULL"))
        try:
            with durable.begin() as connection:
                renewed = begin_running(connection, is_durable=is_durable)
        finally:
            durable.dispose()
        if renewed:
            logger.warning("the last server did not stop cleanly and may have lost events: new epochs (%d)", renewed)

    def finish(self) -> None:
        """Say that the server has stopped, as far as that can be written, and let the file go."""
        try:
            _transact(self.writer, end_running)
        except (Unavailable, CommitFailed) as error:
            logger.warning("that the server stopped could not be noted: %s", error)
        finally:
            self.dispose()

    def dispose(self) -> None:
        self.reader.dispose()
        self.peeker.dispose()
        self.writer.dispose()


def _transact(engine: Engine, work: Callable[[Connection], T]) -> T:
    with translated(), engine.connect() as connection:
        is_done = False
        try:
            with connection.begin():
                result = work(connection)
                is_done = True
            return result
        except (DBAPIError, sqlite3.Error) as error:
            # Whatever state the connection is in now, the next transaction begins on a new one.
            connection.invalidate()
            if is_done:
                raise CommitFailed(result, condition(error) or str(error)) from error
            raise


def _log_progress(done: int, total: int) -> None:
    logger.info("taking over events: %d of %d", done, total)
