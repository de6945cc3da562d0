"""The file that a SQLite URL names, and the lock that keeps a second server out of it."""

from __future__ import annotations

import os
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from ....domain.errors import ConfigurationError

MAGIC = b"SQLite format 3\0"
FORMS = "sqlite:///relative.db or sqlite:////absolute.db"


def path_of(url: str) -> Path:
    """The file of a SQLite URL. Raises ConfigurationError where it names none."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ConfigurationError(f"{url!r} is not a database URL: give {FORMS}") from error
    if parsed.drivername not in ("sqlite", "sqlite+pysqlite"):
        raise ConfigurationError(f"{parsed.drivername!r} is not a database that can be used here: give {FORMS}")
    if not parsed.database or parsed.database == ":memory:" or parsed.database.startswith("file:"):
        raise ConfigurationError(f"{url!r} names no file: give {FORMS}, or memory:// to keep nothing")
    if parsed.host or parsed.query:
        raise ConfigurationError(f"{url!r} has more than a file in it: give {FORMS}")
    return Path(parsed.database)


def ensure_database(path: Path) -> None:
    """Make the file where there is none. Raises ConfigurationError where there is one that is no database.

    SQLite itself would take a file of a few bytes for an empty one, and write over it.
    """
    try:
        with path.open("ab+") as file:
            file.seek(0)
            start = file.read(len(MAGIC))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be used: {error.strerror or error}") from error
    if start not in (b"", MAGIC):
        raise ConfigurationError(f"{path} cannot be used: it is not a SQLite database")


class ServerLock:
    """Held by the one server that uses a database file; the system releases it however the process ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        # The real path, so that a link to the file meets the same lock.
        self._lock = FileLock(os.path.realpath(path) + ".lock", timeout=0, thread_local=False)

    def acquire(self) -> None:
        """Take the lock. Raises ConfigurationError where somebody has it, or the file's folder does not let us."""
        try:
            self._path.parent.stat()  # a lock would make the folders that are missing, most often for a slip of the pen
            self._lock.acquire()
        except Timeout as error:
            raise ConfigurationError(f"{self._path} is in use by another Dialogue server") from error
        except OSError as error:
            raise ConfigurationError(f"{self._path} cannot be used: {error.strerror or error}") from error

    def release(self) -> None:
        """Let others use the file; does nothing where the lock is not held."""
        self._lock.release()
