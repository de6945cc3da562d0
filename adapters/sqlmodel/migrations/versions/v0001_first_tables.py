"""The first tables; a `messages` table of the seed's is taken over.

Revision ID: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from dialogue.adapters.sqlmodel.migrations.seed_table import SeedTable
from dialogue.adapters.sqlmodel.migrations.takeover import take_over
from dialogue.adapters.sqlmodel.raw_json import RawJson

revision = "0001"
down_revision = None

NOW = sa.text("CURRENT_TIMESTAMP")


def upgrade() -> None:
    """Make all tables; where there is a `messages` table, move its events into ours."""
    attributes = op.get_context().config.attributes  # type: ignore[union-attr]
    connection = op.get_bind()
    seed = SeedTable.found(connection, attributes["path"])
    _make_rooms()
    _make_others()
    if seed is None:
        _make_messages("messages")
    else:
        _make_messages("dialogue_new_messages")
        take_over(connection, seed, "dialogue_new_messages", attributes["progress"])
        op.drop_table("messages")
        op.rename_table("dialogue_new_messages", "messages")
    _make_indexes()
    for statement in seed.extra_indexes if seed else ():
        connection.exec_driver_sql(statement)


def _make_messages(name: str) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("room_id", sa.String(255), nullable=False),
        sa.Column("event_name", sa.String(100), nullable=False),
        sa.Column("event_data", RawJson),
        sa.Column("from_user", sa.String(255), nullable=False),
        sa.Column("timestamp", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.TIMESTAMP, server_default=NOW),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("event_seq", sa.BigInteger, nullable=False),
        sa.Column("meta", RawJson),
    )


def _make_indexes() -> None:
    op.create_index("ux_messages_room_seq", "messages", ["room_id", "seq"], unique=True)
    op.create_index("ux_messages_stream_seq", "messages", ["room_id", "event_name", "event_seq"], unique=True)
    op.create_index("ix_messages_stream", "messages", ["room_id", "event_name", "seq"])
    op.create_index("ix_messages_time", "messages", ["room_id", "timestamp"])


def _make_rooms() -> None:
    op.create_table(
        "dialogue_rooms",
        sa.Column("room_id", sa.String(255), primary_key=True),
        sa.Column("epoch", sa.String(64), nullable=False),
        sa.Column("head", sa.BigInteger, nullable=False),
        sa.Column("floor", sa.BigInteger, nullable=False),
        sa.Column("swept", sa.BigInteger, nullable=False),
        sa.Column("last_timestamp", sa.BigInteger, nullable=False),
        sa.Column("definition", RawJson),
        sqlite_with_rowid=False,
    )
    unswept = sa.text("swept < floor")
    op.create_index(
        "ix_dialogue_rooms_unswept", "dialogue_rooms", ["room_id"], sqlite_where=unswept, postgresql_where=unswept
    )
    op.create_table(
        "dialogue_streams",
        sa.Column("room_id", sa.String(255), primary_key=True),
        sa.Column("event_name", sa.String(100), primary_key=True),
        sa.Column("head", sa.BigInteger, nullable=False),
        sa.Column("floor", sa.BigInteger, nullable=False),
        sa.Column("floor_seq", sa.BigInteger, nullable=False),
        sa.Column("told", sa.BigInteger),
        sqlite_with_rowid=False,
    )


def _make_others() -> None:
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
        sa.Column("writer_id", sa.String(64), primary_key=True),
        sa.Column("batch", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "dialogue_nodes",
        sa.Column("node_id", sa.String(64), primary_key=True),
        sa.Column("started_at", sa.TIMESTAMP, nullable=False, server_default=NOW),
        sa.Column("seen_at", sa.TIMESTAMP),
        sa.Column("is_durable", sa.Boolean, nullable=False),
    )
    op.create_table(
        "dialogue_read_marks",
        sa.Column("user_id", sa.String(255), primary_key=True),
        sa.Column("room_id", sa.String(255), primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
