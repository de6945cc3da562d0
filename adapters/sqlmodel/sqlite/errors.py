"""Where the errors of SQLAlchemy and SQLite become Dialogue's: a refusal of what a batch holds, and all others."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ....domain.errors import Unavailable
from ....domain.ports.history_archive import SpoiledBatch

# What may pass by itself or by an operator's hand, with SQLite's words for it. The other codes (a constraint, a
# statement that is wrong, a value too big) are faults of this program and stay what they are.
_CONDITIONS = {
    sqlite3.SQLITE_PERM: "it may not be accessed",
    sqlite3.SQLITE_BUSY: "another program has locked it",
    sqlite3.SQLITE_LOCKED: "another program has locked it",
    sqlite3.SQLITE_NOMEM: "there is no memory left",
    sqlite3.SQLITE_READONLY: "it cannot be written to",
    sqlite3.SQLITE_INTERRUPT: "it was interrupted",
    sqlite3.SQLITE_IOERR: "the disk has an error",
    sqlite3.SQLITE_CORRUPT: "its file is damaged",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_CANTOPEN: "its file cannot be opened",
    sqlite3.SQLITE_PROTOCOL: "another program has locked it",
    sqlite3.SQLITE_NOTADB: "its file is not a SQLite database",
}


# A constraint or a trigger of the database's owner, a value of the wrong kind, or one that is too big.
_CODES = frozenset({sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG})

# A place that a row of somebody else has: no draft can be to blame, since the numbers are ours.
_TAKEN = frozenset(
    {
        "UNIQUE constraint failed: messages.room_id, messages.seq",
        "UNIQUE constraint failed: messages.room_id, messages.event_name, messages.event_seq",
    }
)


@contextmanager
def translated() -> Iterator[None]:
    """Raise Unavailable for what goes wrong inside because of the database, and not because of us."""
    try:
        yield
    except PoolTimeout as error:
        raise Unavailable("The database cannot be reached: all connections are in use") from error
    except (DBAPIError, sqlite3.Error) as error:
        why = condition(error)
        if why is None:
            raise
        raise Unavailable(f"The database cannot be reached: {why}") from error


def condition(error: DBAPIError | sqlite3.Error) -> str | None:
    """What `error` says about the state of the database; None where it is a fault of the program."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    code: int | None = getattr(cause, "sqlite_errorcode", None)
    return None if code is None else _CONDITIONS.get(code & 0xFF)


@contextmanager
def refusals() -> Iterator[None]:
    """Raise SpoiledBatch for what the database refuses because of the data; all else passes."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if str(cause) in _TAKEN:
            why = "The database holds a row that this server has not written, in the place of the room's next event"
            raise SpoiledBatch(str(cause), Unavailable(why)) from error
        if getattr(cause, "sqlite_errorcode", 0) & 0xFF in _CODES or isinstance(cause, sqlite3.DataError):
            raise SpoiledBatch(str(cause)) from error
        raise
    except (OverflowError, UnicodeError) as error:  # Python's driver refuses what SQLite has no type for
        raise SpoiledBatch(str(error)) from error
