"""Where the errors of SQLAlchemy, asyncpg and PostgreSQL become Dialogue's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ....domain.errors import Unavailable

# What may pass by itself or by an operator's hand, by the first characters of its SQLSTATE. All else (a constraint, a
# statement that is wrong) is a fault of this program, or of the data, and stays what it is.
_CONDITIONS = {
    "08": "the connection was lost",
    "25006": "it is read-only, as a standby is",
    "25P02": "its transaction had failed",
    "25P03": "a transaction was idle for too long",
    "28": "it refuses this user",
    "3D000": "there is no such database",
    "3F000": "its schema is not there",
    "40": "it had to end the transaction for another one's sake",
    "42501": "this user may not do that",
    "42P01": "its tables are not there",
    "53": "it has run out of disk, memory or connections",
    "55006": "it is in use",
    "55P03": "another transaction holds a lock for too long",
    "57014": "it took too long",
    "57": "it is going down, or starting",
    "58": "its system has an error",
    "XX001": "its files are damaged",
    "XX002": "an index of it is damaged",
}
_LONGEST = max(map(len, _CONDITIONS))

DatabaseError = (
    DBAPIError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
"""All that SQLAlchemy and the driver raise for what the database says, or because it cannot be reached."""


@contextmanager
def translated() -> Iterator[None]:
    """Raise Unavailable for what goes wrong inside because of the database, and not because of us."""
    try:
        yield
    except PoolTimeout as error:
        raise Unavailable("The database cannot be reached: all connections are in use") from error
    except DatabaseError as error:
        why = condition(error)
        if why is None:
            raise
        raise Unavailable(f"The database cannot be reached: {why}") from error


def condition(error: BaseException) -> str | None:
    """What `error` says about the state of the database; None where it is a fault of the program, or of the data."""
    cause = original(error)
    if isinstance(cause, (asyncpg.InvalidCachedStatementError, asyncpg.OutdatedSchemaCacheError)):
        return "its tables have changed"
    if isinstance(cause, TimeoutError):
        return "it does not answer in time"
    if isinstance(cause, OSError):
        said = f"{cause.strerror or cause or type(cause).__name__}".lower()
        return f"{said}: {cause.filename}" if cause.filename else said
    if isinstance(cause, asyncpg.InternalClientError):
        # So the driver says where the server's farewell has come, and the end of the connection has not yet.
        return "the connection was lost"
    if isinstance(cause, asyncpg.InterfaceError) and not is_clients_refusal(cause):
        return "the connection was lost" if "closed" in str(cause) else None
    state = sqlstate(cause)
    found = (state[:length] for length in range(_LONGEST, 1, -1))
    return next((_CONDITIONS[each] for each in found if each in _CONDITIONS), None)


def is_connection_lost(error: BaseException) -> bool:
    """Whether nothing more can be said over the connection that raised `error`, though a new one may work."""
    cause = original(error)
    if isinstance(cause, (OSError, asyncpg.InterfaceError, asyncpg.InternalClientError)):
        return condition(cause) is not None
    return sqlstate(cause).startswith(("08", "57P"))


def is_refusal(error: BaseException) -> bool:
    """Whether PostgreSQL itself has said no, over a connection that goes on: what was to be done was undone."""
    return bool(sqlstate(original(error))) and not is_connection_lost(error)


def is_clients_refusal(cause: BaseException) -> bool:
    """Whether it is a value that the driver itself has no way to send."""
    return isinstance(cause, asyncpg.InterfaceError) and isinstance(cause, ValueError)


def original(error: BaseException) -> BaseException:
    """What the driver raised, out of what SQLAlchemy made of it."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        return error.orig.__cause__ or error.orig
    return error


def sqlstate(error: BaseException) -> str:
    """PostgreSQL's five characters for what went wrong; empty where it was not PostgreSQL that said so."""
    return str(getattr(error, "sqlstate", None) or "")
