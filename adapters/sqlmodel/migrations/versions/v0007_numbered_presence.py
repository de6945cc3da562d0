"""On PostgreSQL what a node says of its rooms is numbered, so that what comes late changes nothing.

Revision ID: 0007
"""

from __future__ import annotations

from alembic.operations import Operations

revision = "0007"
down_revision = "0006"

STATEMENTS = (
    "ALTER TABLE dialogue_leases ADD COLUMN life BIGINT NOT NULL DEFAULT 0",
    """
    ALTER TABLE dialogue_crowds
        ADD COLUMN life BIGINT NOT NULL DEFAULT 0,
        ADD COLUMN number BIGINT NOT NULL DEFAULT 0,
        ADD COLUMN said_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT clock_timestamp()
    """,
)


def upgrade(op: Operations) -> None:
    """Add the columns; of a node that runs with an older version they stay as they are by default."""
    if op.get_bind().dialect.name == "postgresql":
        for statement in STATEMENTS:
            op.execute(statement)
