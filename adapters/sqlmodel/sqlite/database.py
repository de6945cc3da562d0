"""The SQLite database, as something that transactions are run in."""

from __future__ import annotations

import logging
import secrets
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from math import inf
from time import monotonic
from typing import Literal, TypeVar, get_args

from anyio import CancelScope, to_thread
from sqlalchemy import Connection, Table
from sqlalchemy.dialects.sqlite import Insert, insert
from sqlalchemy.exc import DBAPIError

from ....application.deadline import deadline, deadline_at
from ....domain.errors import ConfigurationError, Unavailable
from ..commit_outcome import CommitFailed, settled
from ..migrations.seed.takeover import Progress
from ..migrations.upgrade import upgrade
from ..writer import Writer, Writers
from .append_batch import SqliteAppender
from .engine import SqliteSettings, migrating_engine
from .errors import condition
from .file import ServerLock, ensure_database, path_of
from .opened import Opened

CHECK_S = 1.0

Synchronous = Literal["FULL", "NORMAL", "OFF"]
T = TypeVar("T")

logger = logging.getLogger("dialogue.database")


class SqliteDatabase:
    """One SQLite file. Making this object opens nothing; after `close` it can be opened again.

    A transaction is a sync function of a `Connection`. It runs in a thread, one hop for the whole of it: there is one
    that writes, a few that read, and one that checks. It waits for its turn, and for the lock of another program, until
    the caller's deadline, and for `patience_s` where there is none. One that has begun to write is never given up: its
    outcome has to be known, so also a caller that was cancelled waits for it.
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
        self._opened: Opened | None = None
        self._writers = Writers(f"server-{secrets.token_hex(8)}")

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
                await opened.writer.run(opened.finish, inf, is_awaited=True)
            opened.end()
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

    async def check(self, also: Callable[[Connection], None] | None = None) -> None:
        """Write something small, past all that waits to be written, and run `also` in the same transaction.

        Raises Unavailable where nothing can be kept at this moment, or where `also` does. Waits for a second at most.
        """
        opened = self._ensure_open()
        await opened.checker.run(lambda: opened.check(also), monotonic() + CHECK_S, is_awaited=False)

    async def repair(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction over a database that no server uses, which is opened for it alone.

        Raises ConfigurationError where there is no such file: a slip of the pen would make an empty one.
        """
        if not await to_thread.run_sync(self._settings.path.exists):
            raise ConfigurationError(f"{self._settings.path} does not exist")
        await self.open()
        try:
            return await self.write(work)
        finally:
            await self.close()

    async def read(self, work: Callable[[Connection], T]) -> T:
        """See `Database.read`."""
        opened = self._ensure_open()
        return await opened.readers.run(lambda: opened.read(work), deadline(), is_awaited=False)

    async def peek(self, work: Callable[[Connection], T]) -> T:
        """See `Database.peek`."""
        opened = self._ensure_open()
        return await opened.readers.run(lambda: opened.peek(work), deadline(), is_awaited=False)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """See `Database.write`."""
        taken: list[Writer] = []

        def signed(connection: Connection) -> T:
            taken.append(self._writers.take())  # here, where one comes after the other: so there are few of them
            taken[0].sign(connection)
            return work(connection)

        try:
            return await self._write(signed)
        except CommitFailed as failure:
            result: T = await settled(failure, lambda: self._ask(taken[0]))
            return result
        finally:
            for writer in taken:
                self._writers.give_back(writer)

    def appender(self) -> SqliteAppender:
        """See `Database.appender`."""
        return SqliteAppender(self)

    def one_at_a_time(self, connection: Connection, what: str) -> None:
        """See `Database.one_at_a_time`: here one writes at a time anyway."""

    def insert(self, table: Table) -> Insert:
        """See `Database.insert`."""
        return insert(table)

    async def _write(self, work: Callable[[Connection], T]) -> T:
        opened = self._ensure_open()
        until = min(deadline(), monotonic() + self._settings.patience_s)
        return await opened.writer.run(lambda: opened.write(work, until), until, is_awaited=True)

    async def _ask(self, writer: Writer) -> bool:
        try:
            with deadline_at(inf):
                return await self._write(writer.has_kept)
        except CommitFailed as failure:
            return bool(failure.result)  # it has written nothing: what it read is the answer

    def _ensure_open(self) -> Opened:
        if self._opened is None:
            raise Unavailable("The database is not open")
        return self._opened

    def _prepare(self, progress: Progress) -> Opened:
        path = self._settings.path
        with ExitStack() as undo:
            self._lock.acquire()
            undo.callback(self._lock.release)
            ensure_database(path)
            try:
                with migrating_engine(self._settings).connect() as connection:
                    upgrade(connection, str(path), progress)
                opened = Opened(self._settings)
                undo.callback(opened.end)
                undo.callback(opened.dispose)
                opened.begin(is_durable=self._settings.synchronous == "FULL")
            except (DBAPIError, sqlite3.Error) as error:
                raise ConfigurationError(f"{path} cannot be used: {condition(error) or error}") from error
            undo.pop_all()
        return opened


def _log_progress(done: int, total: int) -> None:
    logger.info("taking over events: %d of %d", done, total)
