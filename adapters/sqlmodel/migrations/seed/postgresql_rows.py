"""The rows of the seed's PostgreSQL table that cannot be taken over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import BigInteger, Connection, bindparam, text

from .....domain import json_value
from .....domain.names import MAX_ROOM_ID, MAX_USER_ID, flaw_of_event_name, flaw_of_name
from .refusals import BadRow

ROWS_AT_ONCE = 50_000

# The database sorts out what is surely right: names of printable ASCII, and JSON that is neither deep nor has numbers
# of thousands of digits (JSONB itself refuses NUL and what is no text). Python judges the rest.
_DOUBTFUL = text(r"""
    SELECT id, room_id, event_name, from_user, timestamp, json IS NULL AS has_no_json, is_odd_time,
        CASE WHEN is_doubtful_json THEN json END AS json
    FROM (
        SELECT *, length(json) >= 400 AND (
            length(json) - length(translate(json, '[{', '')) >= 200 OR json ~ '[0-9]{250}'
        ) AS is_doubtful_json
        FROM (
            SELECT id, room_id, event_name, from_user, timestamp, event_data::text AS json,
                NOT isfinite(created_at) OR created_at < '0001-01-01' OR created_at >= '9999-12-31' AS is_odd_time
            FROM messages WHERE id > :after AND id <= :last
            OFFSET 0  -- so that the text is made once
        ) AS read
    ) AS looked_at
    WHERE is_doubtful_json OR json IS NULL OR is_odd_time OR timestamp IS NULL
        OR room_id IS NULL OR length(room_id) NOT BETWEEN 1 AND 255 OR room_id COLLATE "C" ~ '[^ -~]|^ | $'
        OR event_name IS NULL OR length(event_name) NOT BETWEEN 1 AND 100 OR event_name COLLATE "C" ~ '[^ -~]|^ | $'
        OR event_name LIKE 'dialogue.%'
        OR from_user IS NULL OR length(from_user) NOT BETWEEN 1 AND 255 OR from_user COLLATE "C" ~ '[^ -~]|^ | $'
    ORDER BY id
""").bindparams(bindparam("after", type_=BigInteger), bindparam("last", type_=BigInteger))
_LAST_OF_BITE = text("""
    SELECT max(id) FROM (SELECT id FROM messages WHERE id > :after ORDER BY id LIMIT :most) AS bite
""").bindparams(bindparam("after", type_=BigInteger), bindparam("most", type_=BigInteger))


def count(connection: Connection) -> int:
    """How many rows there are."""
    total: int = connection.execute(text("SELECT count(*) FROM messages")).scalar_one()
    return total


def bites(connection: Connection) -> Iterator[dict[str, int]]:
    """All rows in the order of their ids, some at a time: those with ids above `after` up to `last`."""
    after = -(2**63)
    while (last := connection.execute(_LAST_OF_BITE, {"after": after, "most": ROWS_AT_ONCE}).scalar_one()) is not None:
        yield {"after": after, "last": last}
        after = last


def bad_rows(connection: Connection) -> Iterator[BadRow]:
    """All rows that could not be read later, in order of id."""
    for bite in bites(connection):
        for row in connection.execute(_DOUBTFUL, bite):
            flaw = _flaw(row)
            if flaw is not None:
                yield BadRow(row.id, flaw)


def _flaw(row: Any) -> str | None:
    return (
        _flaw_of("room_id", row.room_id, lambda text: flaw_of_name(text, MAX_ROOM_ID))
        or _flaw_of("event_name", row.event_name, flaw_of_event_name)
        or _flaw_of_json(row)
        or _flaw_of("from_user", row.from_user, lambda text: flaw_of_name(text, MAX_USER_ID))
        or ("timestamp is NULL" if row.timestamp is None else None)
        or ("created_at is not a time of the years 1 to 9998" if row.is_odd_time else None)
    )


def _flaw_of(column: str, value: str | None, flaw_of: Callable[[str], str | None]) -> str | None:
    if value is None:
        return f"{column} is NULL"
    flaw = flaw_of(value)
    return None if flaw is None else f"{column} {flaw}"


def _flaw_of_json(row: Any) -> str | None:
    if row.has_no_json:
        return "event_data is NULL"
    try:
        if row.json is not None:
            json_value.decode(row.json.encode())
    except ValueError as error:
        return f"event_data cannot be read: {error}"
    return None
