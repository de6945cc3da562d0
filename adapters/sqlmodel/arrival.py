"""A column that says when a row came, in UTC."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.types import UserDefinedType

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Arrival(UserDefinedType[int]):
    """A TIMESTAMP whose values are milliseconds since the Unix epoch, kept as SQLite's own functions write times.

    Whatever else the ancestor, or somebody by hand, has put there comes back as None: no time is guessed.
    """

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The type's name in DDL."""
        return "TIMESTAMP"

    def bind_processor(self, dialect: Dialect) -> Callable[[int | None], str | None]:  # noqa: ARG002
        """See `TypeEngine.bind_processor`."""
        return to_text

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], int | None]:  # noqa: ARG002
        """See `TypeEngine.result_processor`."""
        return from_text


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
