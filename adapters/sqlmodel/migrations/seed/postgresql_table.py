"""Whether PostgreSQL's `messages` is the seed's, and if not, in what it differs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, text

from .refusals import refuse_differences, refuse_tables_without_version
from .takeover import TakeOver

_TEXT = ({"varchar", "text"}, "a text type")
_INTEGER = ({"int2", "int4", "int8"}, "an integer type")
_COLUMNS = {
    "id": _INTEGER,
    "room_id": _TEXT,
    "event_name": _TEXT,
    "event_data": ({"jsonb"}, "jsonb"),
    "from_user": _TEXT,
    "timestamp": _INTEGER,
    "created_at": ({"timestamp", "timestamptz"}, "timestamp"),
}

# What new tables would be made in, and what a statement means by `messages`: both as the search path has it.
_FOUND = text("""
    SELECT c.relkind::text AS kind, c.relpersistence::text AS persistence, c.relrowsecurity AS has_row_security,
        c.relispartition AS is_partition, n.nspname AS schema, current_schema() AS schema_of_new
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.oid = to_regclass('messages')
""")
_OURS = text("""
    SELECT relname FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'f', 'v', 'm')
        AND relname LIKE 'dialogue\\_%' AND relname <> 'dialogue_alembic_version'
    ORDER BY relname
""")
_ATTRIBUTES = text("""
    SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, t.typname AS base,
        a.attidentity::text AS identity, a.attgenerated::text AS generated
    FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid
    WHERE a.attrelid = 'messages'::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
""")
_PRIMARY_KEY = text("""
    SELECT a.attname FROM pg_index AS i JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
    WHERE i.indrelid = 'messages'::regclass AND i.indisprimary ORDER BY a.attnum
""")
# What hangs on the table and would refuse, change or hide our rows, or could not be made again.
_HANGING_ON_IT = text("""
    SELECT 'it has the constraint ' || conname
        FROM pg_constraint WHERE conrelid = 'messages'::regclass AND contype NOT IN ('p', 'n')
    UNION ALL SELECT 'it has the trigger ' || tgname
        FROM pg_trigger WHERE tgrelid = 'messages'::regclass AND NOT tgisinternal
    UNION ALL SELECT 'it has the rule ' || rulename
        FROM pg_rewrite WHERE ev_class = 'messages'::regclass
    UNION ALL SELECT 'the table ' || inhrelid::regclass || ' inherits from it'
        FROM pg_inherits WHERE inhparent = 'messages'::regclass
    UNION ALL SELECT 'it inherits from the table ' || inhparent::regclass
        FROM pg_inherits WHERE inhrelid = 'messages'::regclass
    UNION ALL SELECT DISTINCT 'the view ' || reading.ev_class::regclass || ' reads it'
        FROM pg_depend AS d
        JOIN pg_rewrite AS reading ON d.classid = 'pg_rewrite'::regclass AND reading.oid = d.objid
        WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = 'messages'::regclass
            AND reading.ev_class <> 'messages'::regclass
    ORDER BY 1
""")
_KINDS = {"v": "a view", "m": "a materialized view", "f": "a foreign table", "p": "partitioned"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedTable:
    """The seed's `messages`, locked; `is_identity` says where its ids come from, and `is_zoned` that its times are."""

    is_identity: bool
    is_zoned: bool

    @staticmethod
    def found(connection: Connection, told: TakeOver) -> SeedTable | None:
        """The seed's table, which nobody else can use until the transaction ends; None where there is no `messages`.

        Raises ConfigurationError, with every difference, where there is another one, or a table of our names.
        """
        refuse_tables_without_version(told.name, list(connection.execute(_OURS).scalars()))
        found = connection.execute(_FOUND).one_or_none()
        if found is None:
            return None
        refuse_differences(told.name, list(_of_another_kind(found)))
        connection.execute(text("LOCK TABLE messages IN ACCESS EXCLUSIVE MODE"))
        attributes = {row.name: row for row in connection.execute(_ATTRIBUTES)}
        refuse_differences(told.name, [*_differences(connection, attributes)])
        return SeedTable(
            is_identity=bool(attributes["id"].identity),
            is_zoned=attributes["created_at"].base == "timestamptz",
        )


def _of_another_kind(found: Row[Any]) -> Iterator[str]:
    if found.kind != "r":
        yield f"it is {_KINDS.get(found.kind, 'no table')}"
    elif found.is_partition:
        yield "it is a partition"
    elif found.persistence != "p":
        yield "it is unlogged or temporary"
    if found.has_row_security:
        yield "it has row security, which may hide rows"
    if found.schema != found.schema_of_new:
        yield (
            f"it is in the schema {found.schema}, and new tables would be in {found.schema_of_new}: "
            "name one in search_path"
        )


def _differences(connection: Connection, attributes: dict[str, Row[Any]]) -> Iterator[str]:
    for name, (bases, meaning) in _COLUMNS.items():
        if name not in attributes:
            yield f"the column {name} is missing"
        elif attributes[name].base not in bases:
            yield f"the column {name} is {attributes[name].type} and not {meaning}"
        elif attributes[name].generated:
            yield f"the column {name} is generated"
    yield from (f"the column {name} is unknown" for name in attributes if name not in _COLUMNS)
    if list(connection.execute(_PRIMARY_KEY).scalars()) != ["id"]:
        yield "id is not its primary key"
    yield from connection.execute(_HANGING_ON_IT).scalars()
