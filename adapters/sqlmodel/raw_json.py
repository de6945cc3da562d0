"""JSON columns that take and give the JSON text itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic_core import to_json
from sqlalchemy import Dialect, Text, TypeDecorator
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import UserDefinedType

from .jsonb import from_jsonb, to_jsonb

Bind = Callable[[bytes | None], str | int | float | None]
Result = Callable[[Any], bytes | None]

_NUMBER_STARTS = frozenset(b"-0123456789")
_INT64 = range(-(2**63), 2**63)


class RawJson(UserDefinedType[bytes]):
    """A column declared JSON, or JSONB on PostgreSQL, whose values are UTF-8 bytes of JSON that are not parsed.

    A number that stands alone is the exception on SQLite, which gives a column declared JSON numeric affinity and would
    parse it itself, not always to the nearest double; so it is bound, and comes back, as the number that it is. Its
    spelling may change (`1.0` comes back as `1`), its value does not. JSONB keeps values and no text: `from_jsonb`.
    """

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The type's name in DDL."""
        return "JSON"

    def bind_processor(self, dialect: Dialect) -> Bind:
        """See `TypeEngine.bind_processor`."""
        return to_jsonb if dialect.name == "postgresql" else to_column

    def result_processor(self, dialect: Dialect, coltype: object) -> Result:  # noqa: ARG002
        """See `TypeEngine.result_processor`."""
        return from_jsonb if dialect.name == "postgresql" else from_column


@compiles(RawJson, "postgresql")
def _jsonb(*_: Any, **__: Any) -> str:
    return "JSONB"


class JsonText(TypeDecorator[bytes]):
    """Bytes of JSON in a column of text: it keeps what JSONB refuses, such as an escaped NUL."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """See `TypeDecorator.process_bind_param`."""
        return None if value is None else value.decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002
        """See `TypeDecorator.process_result_value`."""
        return None if value is None else value.encode()


def to_column(json: bytes | None) -> str | int | float | None:
    """What is bound for `json`; None is SQL's NULL, and not JSON's."""
    if json is None or json[0] not in _NUMBER_STARTS:
        return None if json is None else json.decode()
    try:
        number = int(json)
    except ValueError:
        return float(json)
    return number if number in _INT64 else float(number)


def from_column(value: str | bytes | int | float | None) -> bytes | None:
    """The JSON of what a column gave."""
    if isinstance(value, str):
        return value.encode()
    if value is None or isinstance(value, bytes):
        return value
    # An event's integers are within ±2^53: beyond it was a number with an exponent, which SQLite keeps as an integer.
    return to_json(float(value) if abs(value) > 2**53 else value)
