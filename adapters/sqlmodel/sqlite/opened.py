"""A database that is open: its engines, the threads that use them, and the look-out for what may not be written to."""

from __future__ import annotations

import logging
import secrets
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from time import monotonic
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from ....domain.errors import Unavailable
from ..commit_outcome import CommitFailed, CommitUnknown
from ..epochs import begin_running, end_running, still_running
from .engine import (
    UNTIL,
    SqliteSettings,
    anchor,
    checking_engine,
    peeking_engine,
    reading_engine,
    writing_engine,
)
from .errors import condition, translated
from .file_content import OurRow
from .log_growth import LogGrowth, checkpoint
from .threads import TransactionThreads
from .watched_files import WatchedFiles

READERS = 4
PAGE_OF_NODES = "SELECT rootpage FROM sqlite_master WHERE name = 'dialogue_nodes'"

T = TypeVar("T")

logger = logging.getLogger("dialogue.database")


class Opened:
    """What runs transactions; its methods are to be called in its threads."""

    def __init__(self, settings: SqliteSettings) -> None:
        self._files = WatchedFiles(settings.path)
        self._settings = settings = replace(settings, ensure_file=self._files.ensure)
        self._log_growth = LogGrowth(self._files)
        self._writing = writing_engine(settings)
        self._checking = checking_engine(settings)
        self._reading = reading_engine(settings, READERS)
        self._peeking = peeking_engine(settings, READERS)
        self._anchor: sqlite3.Connection | None = None
        self._last_commit = 0.0
        self.writer = TransactionThreads("dialogue-writer", 1)
        self.checker = TransactionThreads("dialogue-checker", 1)
        self.readers = TransactionThreads("dialogue-reader", READERS)

    def begin(self, *, is_durable: bool) -> None:
        """Write once, so that what stands in the way is told at the start."""
        # On the disk whatever the setting: a power cut that took this row with the events that came after it would
        # leave a database that looks as after a clean stop.
        durable = writing_engine(replace(self._settings, synchronous="FULL"))
        node_id = f"server-{secrets.token_hex(8)}"
        try:
            with durable.begin() as connection:
                renewed = begin_running(connection, node_id, is_durable=is_durable)
            # Out of the log as well, which is not waited for from here on where the setting says so.
            checkpoint(durable, "TRUNCATE")
            self._anchor = anchor(self._settings)
        finally:
            durable.dispose()
        self._files.remember(OurRow(node_id.encode(), self._page_of_our_row))
        for engine in (self._reading, self._peeking):  # now, so that reading goes on where the file goes away
            for connection in [engine.connect() for _ in range(READERS)]:
                connection.close()
        if renewed:
            logger.warning("the last server did not stop cleanly and may have lost events: new epochs (%d)", renewed)

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on one snapshot."""
        return _transact(self._reading, work)

    def peek(self, work: Callable[[Connection], T]) -> T:
        """Run `work`, one statement."""
        return _transact(self._peeking, work)

    def write(self, work: Callable[[Connection], T], until: float) -> T:
        """Run `work` and commit it; the lock is waited for until `until`."""
        self._files.ensure()

        def guarded(connection: Connection) -> T:
            self._files.ensure()  # again: the lock may have been waited for
            return work(connection)

        result = _transact(self._writing, guarded, until)
        if self._files.trouble() is not None:
            # Kept in a file that is no longer there: whether it comes back, nobody knows.
            raise CommitUnknown("the database's file went away during a commit")
        self._last_commit = monotonic()
        self._log_growth.look(self._writing)
        return result

    def check(self, also: Callable[[Connection], None] | None) -> None:
        """Write something small beside the writer, and run `also` with it."""
        self._files.ensure()
        began = monotonic()
        try:
            _transact(self._checking, lambda connection: _check(connection, also))
        except CommitFailed as failure:
            raise Unavailable(f"The database cannot be reached: {failure}") from failure
        except Unavailable as error:
            # Under load the lock may be the writer's own, time and again: what it has kept meanwhile is an answer too.
            if not _is_busy(error) or self._last_commit < began:
                raise

    def finish(self) -> None:
        """Say that the server has stopped, as far as that can be written, and let the file go."""
        try:
            self.write(end_running, monotonic() + self._settings.patience_s)
        except (Unavailable, CommitFailed, CommitUnknown) as error:
            logger.warning("that the server stopped could not be noted: %s", error)
        finally:
            self.dispose()

    def dispose(self) -> None:
        """Close all connections."""
        for engine in (self._reading, self._peeking, self._checking, self._writing):
            engine.dispose()
        if self._anchor is not None:
            self._anchor.close()
        self._files.forget()

    def _page_of_our_row(self) -> int:
        assert self._anchor is not None
        with closing(self._anchor.execute(PAGE_OF_NODES)) as found:
            return int(found.fetchone()[0])

    def end(self) -> None:
        """Let the threads end."""
        for threads in (self.writer, self.checker, self.readers):
            threads.end()


def _check(connection: Connection, also: Callable[[Connection], None] | None) -> None:
    still_running(connection)
    if also is not None:
        also(connection)


def _is_busy(error: Unavailable) -> bool:
    cause = error.__cause__.orig if isinstance(error.__cause__, DBAPIError) else error.__cause__
    return getattr(cause, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


def _transact(engine: Engine, work: Callable[[Connection], T], until: float | None = None) -> T:
    with translated(), engine.connect() as connection:
        is_done = False
        if until is not None:
            connection.info[UNTIL] = until
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
