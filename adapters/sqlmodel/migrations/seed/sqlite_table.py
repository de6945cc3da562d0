"""Whether a `messages` table is the seed's, and if not, in what it differs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Row, text

from .refusals import refuse_differences, refuse_tables_without_version

_TEXT = (r"CHAR|CLOB|TEXT|STRING", "a text type")
_INTEGER = (r"INT|SERIAL", "an integer type")
_JSON = (r"JSON|CHAR|CLOB|TEXT", "JSON, JSONB or a text type")
_TIME = (r"TIME|DATE|TEXT|CHAR|INT|NUMERIC", "TIMESTAMP")
_COLUMNS = {
    "id": _INTEGER,
    "room_id": _TEXT,
    "event_name": _TEXT,
    "event_data": _JSON,
    "from_user": _TEXT,
    "timestamp": _INTEGER,
    "created_at": _TIME,
}
_INDEXES = ("idx_messages_room_event", "idx_messages_timestamp")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedTable:
    """The seed's `messages` in the database `name`.

    `extra_indexes` are the statements of indexes that somebody added, to be made again.
    """

    name: str
    extra_indexes: tuple[str, ...]

    @staticmethod
    def found(connection: Connection, name: str) -> SeedTable | None:
        """The seed's table in the database; None where there is no `messages` at all.

        Raises ConfigurationError, with every difference, where there is another one, or a table of our names.
        """
        ours = _names(connection, "name LIKE 'dialogue\\_%' ESCAPE '\\' AND name != 'dialogue_alembic_version'")
        refuse_tables_without_version(name, ours)
        if not _names(connection, "lower(name) = 'messages'"):
            return None
        refuse_differences(name, list(_differences(connection)))
        return SeedTable(name=name, extra_indexes=tuple(_extra_indexes(connection)))


def _names(connection: Connection, condition: str) -> list[str]:
    rows = connection.execute(text(f"SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND {condition}"))
    return list(rows.scalars())


def _differences(connection: Connection) -> Iterator[str]:
    kind = connection.execute(text("SELECT type, wr FROM pragma_table_list WHERE lower(name) = 'messages'")).one()
    if kind.type != "table":
        yield f"it is a {kind.type}"
        return
    if kind.wr:
        yield "it is WITHOUT ROWID"
    columns = {
        row.name.lower(): row for row in connection.execute(text("SELECT * FROM pragma_table_xinfo('messages')"))
    }
    for name, (pattern, meaning) in _COLUMNS.items():
        if name not in columns:
            yield f"the column {name} is missing"
        elif not re.search(pattern, columns[name].type.upper()):
            yield f"the column {name} is {columns[name].type or 'without a type'} and not {meaning}"
    yield from (f"the column {name} is unknown" for name in columns if name not in _COLUMNS)
    if [name for name, row in columns.items() if row.pk] != ["id"]:
        yield "id is not its primary key"
    yield from (f"it has the trigger {name}" for name in _attached(connection, "trigger"))


def _attached(connection: Connection, kind: str) -> list[str]:
    return [row.name for row in _objects(connection, kind)]


def _extra_indexes(connection: Connection) -> Iterator[str]:
    for row in _objects(connection, "index"):
        if row.sql and row.name not in _INDEXES:
            yield row.sql


def _objects(connection: Connection, kind: str) -> list[Row[tuple[str, str]]]:
    statement = text(
        "SELECT name, sql FROM sqlite_master WHERE type = :kind AND lower(tbl_name) = 'messages' ORDER BY name"
    )
    return list(connection.execute(statement, {"kind": kind}).all())
