"""Making the seed's PostgreSQL table ours, where it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import BigInteger, Connection, bindparam, text
from sqlalchemy.exc import DBAPIError

from .....domain.errors import ConfigurationError
from .postgresql_rows import bad_rows, bites, count
from .postgresql_table import SeedTable
from .refusals import BadRows
from .takeover import Progress, TakeOver

LOCK_NOT_AVAILABLE = "55P03"

# Sorting text by a language's rules takes several times as long as by bytes.
_NUMBER = """
    CREATE UNLOGGED TABLE dialogue_numbers AS SELECT
        CAST(id AS BIGINT) AS id,
        row_number() OVER (PARTITION BY room_id COLLATE "C" ORDER BY timestamp, id) AS seq,
        row_number() OVER (
            PARTITION BY room_id COLLATE "C", event_name COLLATE "C" ORDER BY timestamp, id
        ) AS event_seq
    FROM messages
"""
_WRITE_NUMBERS = text("""
    UPDATE messages SET seq = n.seq, event_seq = n.event_seq FROM dialogue_numbers AS n
    WHERE n.id = messages.id AND n.id > :after AND n.id <= :last AND messages.id > :after AND messages.id <= :last
""").bindparams(bindparam("after", type_=BigInteger), bindparam("last", type_=BigInteger))

# One statement, which writes the table anew once: without what the numbers have left of its old rows.
_BE_OURS = """
    ALTER TABLE messages
        ALTER COLUMN id DROP {default_of_id},
        ALTER COLUMN id TYPE BIGINT,
        ALTER COLUMN room_id DROP DEFAULT,
        ALTER COLUMN room_id TYPE VARCHAR(255) COLLATE "C",
        ALTER COLUMN room_id SET NOT NULL,
        ALTER COLUMN event_name DROP DEFAULT,
        ALTER COLUMN event_name TYPE VARCHAR(100) COLLATE "C",
        ALTER COLUMN event_name SET NOT NULL,
        ALTER COLUMN event_data DROP DEFAULT,
        ALTER COLUMN event_data DROP NOT NULL,
        ALTER COLUMN from_user DROP DEFAULT,
        ALTER COLUMN from_user TYPE VARCHAR(255) COLLATE "C",
        ALTER COLUMN from_user SET NOT NULL,
        ALTER COLUMN timestamp DROP DEFAULT,
        ALTER COLUMN timestamp TYPE BIGINT,
        ALTER COLUMN timestamp SET NOT NULL,
        ALTER COLUMN created_at DROP DEFAULT,
        ALTER COLUMN created_at TYPE TIMESTAMP USING {created_at},
        ALTER COLUMN created_at SET DEFAULT (CURRENT_TIMESTAMP AT TIME ZONE 'UTC'),
        ALTER COLUMN created_at DROP NOT NULL,
        ALTER COLUMN seq SET NOT NULL,
        ALTER COLUMN event_seq SET NOT NULL
"""
_SEQUENCES = text("""
    SELECT objid::regclass::text FROM pg_depend
    WHERE classid = 'pg_class'::regclass AND refobjid = 'messages'::regclass AND refobjsubid > 0 AND deptype = 'a'
        AND (SELECT relkind FROM pg_class WHERE pg_class.oid = objid) = 'S'
""")
_LAST_ID = text("""
    SELECT greatest((SELECT max(id) FROM messages), pg_sequence_last_value(pg_get_serial_sequence('messages', 'id')))
""")
_INDEXES = text("""
    SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
    WHERE indrelid = 'messages'::regclass AND relname IN ('idx_messages_room_event', 'idx_messages_timestamp')
""")
_ROOMS = """
    INSERT INTO dialogue_rooms (room_id, epoch, head, floor, swept, last_timestamp)
    SELECT room_id, left(gen_random_uuid()::text, 4) || right(gen_random_uuid()::text, 12),
        count(*), 0, 0, max(timestamp)
    FROM messages GROUP BY room_id
"""
_STREAMS = """
    INSERT INTO dialogue_streams (room_id, event_name, head, floor, floor_seq)
    SELECT room_id, event_name, count(*), 0, 0 FROM messages GROUP BY room_id, event_name
"""


def take_over(connection: Connection, seed: SeedTable, told: TakeOver) -> None:
    """Make the seed's `messages` ours, but for its indexes, and fill in the heads.

    The table stays the one that it was: what refers to it, rights, and indexes that somebody added. Raises
    ConfigurationError, naming the first rows that cannot be taken over, where there are any.
    """
    bad = BadRows()
    bad.note(bad_rows(connection))
    bad.refuse(told.name)
    _number(connection, told.progress)
    _be_ours(connection, seed)
    for statement in (_ROOMS, _STREAMS, "ANALYZE messages", "ANALYZE dialogue_rooms", "ANALYZE dialogue_streams"):
        connection.exec_driver_sql(statement)


@contextmanager
def locks_within(connection: Connection, told: TakeOver) -> Iterator[None]:
    """Wait for locks as long as `told` says; raises ConfigurationError where one is not to be had in that time."""
    limit = f"{int(told.lock_s * 1000)}ms"
    connection.execute(text("SELECT set_config('lock_timeout', :limit, true)"), {"limit": limit})
    try:
        yield
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
            raise
        raise ConfigurationError(
            f"{told.name} has a table `messages` that another program uses: it could not be had within {limit}"
        ) from error
    connection.execute(text("SELECT set_config('lock_timeout', '0', true)"))


def _number(connection: Connection, progress: Progress) -> None:
    """Write each row's numbers into it, in bites, in the order in which the rows lie there."""
    total = count(connection)
    progress(0, total)
    for statement in (
        "ANALYZE messages",
        _NUMBER,
        "CREATE UNIQUE INDEX dialogue_numbers_id ON dialogue_numbers (id)",
        "ANALYZE dialogue_numbers",
        *(f"DROP INDEX {index}" for index in connection.execute(_INDEXES).scalars()),
        "ALTER TABLE messages ADD COLUMN seq BIGINT, ADD COLUMN event_seq BIGINT, ADD COLUMN meta JSONB",
    ):
        connection.exec_driver_sql(statement)
    done = 0
    for bite in bites(connection):
        done += connection.execute(_WRITE_NUMBERS, bite).rowcount
        progress(done, total)
    connection.exec_driver_sql("DROP TABLE dialogue_numbers")


def _be_ours(connection: Connection, seed: SeedTable) -> None:
    last_id = connection.execute(_LAST_ID).scalar_one()
    sequences = list(connection.execute(_SEQUENCES).scalars())
    connection.exec_driver_sql(
        _BE_OURS.format(
            default_of_id="IDENTITY" if seed.is_identity else "DEFAULT",
            created_at="created_at AT TIME ZONE 'UTC'" if seed.is_zoned else "created_at",
        )
    )
    for sequence in sequences:
        connection.exec_driver_sql(f"DROP SEQUENCE {sequence}")
    connection.exec_driver_sql("ALTER TABLE messages ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY")
    if last_id is not None and last_id > 0:
        connection.execute(
            text("SELECT setval(pg_get_serial_sequence('messages', 'id'), :last)").bindparams(
                bindparam("last", last_id, type_=BigInteger)
            )
        )
