"""The first tables; a `messages` table of the seed's is taken over.

Revision ID: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

from dialogue.adapters.sqlmodel.arrival import NowUtc
from dialogue.adapters.sqlmodel.migrations.column_types import JSON_TEXT, ROW_ID, key
from dialogue.adapters.sqlmodel.migrations.seed import (
    postgresql_table,
    postgresql_takeover,
    sqlite_table,
    sqlite_takeover,
)
from dialogue.adapters.sqlmodel.migrations.seed.takeover import TakeOver

revision = "0001"
down_revision = None


def upgrade(op: Operations) -> None:
    """Make all tables; events of a `messages` table of the seed's become the beginning of ours."""
    told: TakeOver = op.get_context().opts[TakeOver.OPTION]
    if op.get_bind().dialect.name == "sqlite":
        _upgrade_sqlite(op, told)
    else:
        with postgresql_takeover.locks_within(op.get_bind(), told):
            _upgrade_postgresql(op, told)


def _upgrade_postgresql(op: Operations, told: TakeOver) -> None:
    connection = op.get_bind()
    seed = postgresql_table.SeedTable.found(connection, told)
    _make_others(op)
    if seed is None:
        _make_messages(op, "messages")
    else:
        postgresql_takeover.take_over(connection, seed, told)
    _make_indexes(op)


def _upgrade_sqlite(op: Operations, told: TakeOver) -> None:
    connection = op.get_bind()
    seed = sqlite_table.SeedTable.found(connection, told.name)
    _make_others(op)
    if seed is None:
        _make_messages(op, "messages")
    else:
        _make_messages(op, "dialogue_new_messages")
        sqlite_takeover.take_over(connection, seed, "dialogue_new_messages", told.progress)
        op.drop_table("messages")
        op.rename_table("dialogue_new_messages", "messages")
    _make_indexes(op)
    for statement in seed.extra_indexes if seed else ():
        connection.exec_driver_sql(statement)


def _make_messages(op: Operations, name: str) -> None:
    op.create_table(
        name,
        sa.Column("id", ROW_ID, sa.Identity(), primary_key=True),
        sa.Column("room_id", key(255), nullable=False),
        sa.Column("event_name", key(100), nullable=False),
        sa.Column("event_data", JSON_TEXT),
        sa.Column("from_user", key(255), nullable=False),
        sa.Column("timestamp", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.TIMESTAMP, server_default=NowUtc()),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("event_seq", sa.BigInteger, nullable=False),
        sa.Column("meta", JSON_TEXT),
    )


def _make_indexes(op: Operations) -> None:
    op.create_index("ux_messages_room_seq", "messages", ["room_id", "seq"], unique=True)
    op.create_index("ux_messages_stream_seq", "messages", ["room_id", "event_name", "event_seq"], unique=True)
    op.create_index("ix_messages_stream", "messages", ["room_id", "event_name", "seq"])
    op.create_index("ix_messages_time", "messages", ["room_id", "timestamp"])


def _make_rooms(op: Operations) -> None:
    op.create_table(
        "dialogue_rooms",
        sa.Column("room_id", key(255), primary_key=True),
        sa.Column("epoch", sa.String(64), nullable=False),
        sa.Column("head", sa.BigInteger, nullable=False),
        sa.Column("floor", sa.BigInteger, nullable=False),
        sa.Column("swept", sa.BigInteger, nullable=False),
        sa.Column("last_timestamp", sa.BigInteger, nullable=False),
        # It may hold NUL, which JSONB refuses.
        sa.Column("definition", sa.JSON().with_variant(sa.Text, "postgresql")),
        sqlite_with_rowid=False,
    )
    unswept = sa.text("swept < floor")
    op.create_index(
        "ix_dialogue_rooms_unswept", "dialogue_rooms", ["room_id"], sqlite_where=unswept, postgresql_where=unswept
    )
    op.create_table(
        "dialogue_streams",
        sa.Column("room_id", key(255), primary_key=True),
        sa.Column("event_name", key(100), primary_key=True),
        sa.Column("head", sa.BigInteger, nullable=False),
        sa.Column("floor", sa.BigInteger, nullable=False),
        sa.Column("floor_seq", sa.BigInteger, nullable=False),
        sa.Column("told", sa.BigInteger),
        sqlite_with_rowid=False,
    )


def _make_others(op: Operations) -> None:
    _make_rooms(op)
    op.create_table(
        "dialogue_keys",
        sa.Column("key_id", sa.LargeBinary, primary_key=True),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("timestamp", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_dialogue_keys_timestamp", "dialogue_keys", ["timestamp"])
    op.create_table(
        "dialogue_writers",
        sa.Column("writer_id", key(64), primary_key=True),
        sa.Column("batch", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "dialogue_nodes",
        sa.Column("node_id", key(64), primary_key=True),
        sa.Column("started_at", sa.TIMESTAMP, nullable=False, server_default=NowUtc()),
        sa.Column("seen_at", sa.TIMESTAMP),
        sa.Column("is_durable", sa.Boolean, nullable=False),
    )
    op.create_table(
        "dialogue_read_marks",
        sa.Column("user_id", key(255), primary_key=True),
        sa.Column("room_id", key(255), primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
