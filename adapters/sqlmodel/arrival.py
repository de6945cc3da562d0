"""A column that says when a row came, in UTC."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import TIMESTAMP, Dialect, FunctionElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import UserDefinedType

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = EPOCH.replace(tzinfo=None)


class NowUtc(FunctionElement[datetime]):
    """The time in UTC, as a default. Alone, PostgreSQL's CURRENT_TIMESTAMP is that of the session's zone."""

    type = TIMESTAMP()
    inherit_cache = True


@compiles(NowUtc)
def _now(*_: Any, **__: Any) -> str:
    return "CURRENT_TIMESTAMP"


@compiles(NowUtc, "postgresql")
def _now_utc(*_: Any, **__: Any) -> str:
    return "(CURRENT_TIMESTAMP AT TIME ZONE 'UTC')"


class Arrival(UserDefinedType[int]):
    """A TIMESTAMP in UTC whose values are milliseconds since the Unix epoch.

    SQLite keeps it as its own functions write times. Whatever else the ancestor, or somebody by hand, has put there
    comes back as None: no time is guessed.
    """

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The type's name in DDL."""
        return "TIMESTAMP"

    def bind_processor(self, dialect: Dialect) -> Callable[[int | None], str | datetime | None]:
        """See `TypeEngine.bind_processor`."""
        return to_datetime if dialect.name == "postgresql" else to_text

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], int | None]:  # noqa: ARG002
        """See `TypeEngine.result_processor`."""
        return from_datetime if dialect.name == "postgresql" else from_text


def to_datetime(time_ms: int | None) -> datetime | None:
    """As PostgreSQL's TIMESTAMP takes it: in UTC, without a zone, so that no session's zone can move it."""
    return None if time_ms is None else _NAIVE_EPOCH + timedelta(milliseconds=time_ms)


def from_datetime(value: datetime | None) -> int | None:
    """The milliseconds of a time in UTC; None where there is none, or it is `infinity`."""
    if value is None or value in {datetime.max, datetime.min}:
        return None
    return (value - _NAIVE_EPOCH) // timedelta(milliseconds=1)


@lru_cache(maxsize=16)  # the rows of a batch came at one time
def to_text(time_ms: int | None) -> str | None:
    """As `2026-11-26 08:00:00.123`, in UTC."""
    if time_ms is None:
        return None
    return (EPOCH + timedelta(milliseconds=time_ms)).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def from_text(value: object) -> int | None:
    """The milliseconds of a time in UTC; None where `value` is none."""
    try:
        time = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC)
    return (time - EPOCH) // timedelta(milliseconds=1)
