"""Whether SQLite's write-ahead log can be emptied."""

from __future__ import annotations

import logging
import sqlite3
from time import monotonic

from sqlalchemy import Engine

from .watched_files import WatchedFiles

LOG_LIMIT = 16 << 20
"""To how many bytes the log is cut when it begins anew."""
LARGE_LOG = 64 << 20
"""From how many bytes on it is asked whether the log can be emptied."""
ASKED_EVERY_S = 10.0

logger = logging.getLogger("dialogue.database")


class LogGrowth:
    """Says in the log of the server when SQLite's own log grows because somebody reads an old state of the database."""

    def __init__(self, files: WatchedFiles, *, large: int = LARGE_LOG, asked_every_s: float = ASKED_EVERY_S) -> None:
        self._files = files
        self._large = large
        self._asked_every_s = asked_every_s
        self._next_at = 0.0
        self._is_told = False

    def look(self, engine: Engine) -> None:
        """Look at the log's size after a commit, and ask SQLite where it is large; `engine` is the writer's."""
        size = self._files.wal_size()
        if size < self._large:
            if self._is_told:
                logger.info("the write-ahead log of the database could be emptied")
                self._is_told = False
            return
        if monotonic() >= self._next_at:
            self._next_at = monotonic() + self._asked_every_s
            self._ask(engine, size)

    def _ask(self, engine: Engine, size: int) -> None:
        try:
            frames, done = checkpoint(engine, "PASSIVE")
        except sqlite3.Error as error:
            logger.warning("the write-ahead log of the database cannot be emptied: %s", error)
            return
        if done < frames:
            self._is_told = True
            logger.warning(
                "the write-ahead log has grown to %d MiB and cannot be emptied: "
                "another program keeps a read transaction of the database open",
                size >> 20,
            )


def checkpoint(engine: Engine, mode: str) -> tuple[int, int]:
    """Bring what the write-ahead log holds into the file; how many frames it has, and how many got there."""
    with engine.connect() as connection:
        raw = connection.connection.driver_connection  # SQLAlchemy's would begin a transaction
        assert raw is not None
        _, frames, done = raw.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
    return frames, done
