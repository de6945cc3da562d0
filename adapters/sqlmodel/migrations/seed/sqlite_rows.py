"""The seed's rows in the order of history, each checked for what could not be read later."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from .....domain import json_value
from .....domain.names import MAX_ROOM_ID, MAX_USER_ID, flaw_of_event_name, flaw_of_name
from ...raw_json import from_column
from .refusals import BadRow

# Texts come as bytes, so that one that is no UTF-8 is found here, and does not stop the cursor. `id` is NULL where it
# was declared SERIAL, which for SQLite is no rowid; such rows get the ids behind the others.
_ROWS = text("""
    SELECT
        coalesce(id, rowid + (SELECT coalesce(max(id), 0) FROM messages)) AS id,
        CAST(room_id AS BLOB) AS room_id,
        CAST(event_name AS BLOB) AS event_name,
        CASE typeof(event_data) WHEN 'text' THEN CAST(event_data AS BLOB) ELSE event_data END AS event_data,
        CAST(from_user AS BLOB) AS from_user,
        timestamp,
        created_at
    FROM messages
    ORDER BY messages.room_id, messages.timestamp, 1
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedRow:
    """One event of the seed's."""

    id: int
    room_id: str
    event_name: str
    event_data: bytes
    from_user: str
    timestamp: int
    created_at: object


def count(connection: Connection) -> int:
    """How many rows there are."""
    total: int = connection.execute(text("SELECT count(*) FROM messages")).scalar_one()
    return total


def rows(connection: Connection) -> Iterator[SeedRow | BadRow]:
    """All rows, in order of room, timestamp and id."""
    for row in connection.execute(_ROWS):
        try:
            yield _checked(row)
        except ValueError as error:
            yield BadRow(row.id, str(error))


def _checked(row: Any) -> SeedRow:
    return SeedRow(
        id=_integer("id", row.id),
        room_id=_name("room_id", row.room_id, lambda text: flaw_of_name(text, MAX_ROOM_ID)),
        event_name=_name("event_name", row.event_name, flaw_of_event_name),
        event_data=_json(row.event_data),
        from_user=_name("from_user", row.from_user, lambda text: flaw_of_name(text, MAX_USER_ID)),
        timestamp=_integer("timestamp", row.timestamp),
        created_at=row.created_at,
    )


def _integer(column: str, value: object) -> int:
    if not isinstance(value, int):
        raise ValueError(f"{column} is not an integer")
    return value


def _name(column: str, value: bytes | None, flaw_of: Callable[[str], str | None]) -> str:
    if value is None:
        raise ValueError(f"{column} is NULL")
    try:
        name = value.decode()
    except UnicodeDecodeError:
        raise ValueError(f"{column} is not UTF-8") from None
    flaw = flaw_of(name)
    if flaw is not None:
        raise ValueError(f"{column} {flaw}")
    return name


def _json(value: bytes | int | float | None) -> bytes:
    json = from_column(value)
    if json is None:
        raise ValueError("event_data is NULL")
    try:
        json_value.decode(json)
    except ValueError as error:
        raise ValueError(f"event_data is not JSON: {error}") from None
    return json
