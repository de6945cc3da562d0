"""From where on users may read.

Revision ID: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

from dialogue.adapters.sqlmodel.migrations.column_types import key

revision = "0009"
down_revision = "0008"


def upgrade(op: Operations) -> None:
    """Make the table."""
    op.create_table(
        "dialogue_read_floors",
        sa.Column("room_id", key(255), primary_key=True),
        sa.Column("user_id", key(255), primary_key=True),
        sa.Column("epoch", sa.String(64), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_dialogue_read_floors_user", "dialogue_read_floors", ["user_id"])
