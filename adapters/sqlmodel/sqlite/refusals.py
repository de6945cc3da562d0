"""Where a refusal of SQLite for what a batch holds becomes a SpoiledBatch."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from ....domain.errors import Unavailable
from ....domain.ports.history_archive import SpoiledBatch

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
