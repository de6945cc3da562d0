"""On PostgreSQL: which server the history was kept on last.

Revision ID: 0003
"""

from __future__ import annotations

from alembic.operations import Operations
from sqlalchemy import CheckConstraint, Column, SmallInteger, String

revision = "0003"
down_revision = "0002"


def upgrade(op: Operations) -> None:
    """Make the table of one row."""
    if op.get_bind().dialect.name == "postgresql":
        op.create_table(
            "dialogue_server",
            Column("id", SmallInteger, primary_key=True, autoincrement=False),
            Column("system_identifier", String(32), nullable=False),
            Column("timeline", String(8), nullable=False),
            CheckConstraint("id = 1", name="ck_dialogue_server_one_row"),
        )
