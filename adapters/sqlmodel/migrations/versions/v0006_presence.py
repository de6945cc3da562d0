"""On PostgreSQL, where several nodes run: their leases, who is in the rooms on each, and whose turn a work is.

Revision ID: 0006
"""

from __future__ import annotations

from alembic.operations import Operations

revision = "0006"
down_revision = "0005"

STATEMENTS = (
    """
    CREATE TABLE dialogue_leases (
        node_id VARCHAR(64) COLLATE "C" PRIMARY KEY,
        until TIMESTAMP WITH TIME ZONE NOT NULL
    )
    """,
    """
    CREATE TABLE dialogue_crowds (
        room_id VARCHAR(255) COLLATE "C" NOT NULL,
        node_id VARCHAR(64) COLLATE "C" NOT NULL,
        sessions INTEGER NOT NULL,
        users TEXT,
        PRIMARY KEY (room_id, node_id)
    )
    """,
    "CREATE INDEX ix_dialogue_crowds_node ON dialogue_crowds (node_id)",
    """
    CREATE TABLE dialogue_turns (
        work VARCHAR(64) COLLATE "C" PRIMARY KEY,
        node_id VARCHAR(64) COLLATE "C" NOT NULL,
        until TIMESTAMP WITH TIME ZONE NOT NULL
    )
    """,
)


def upgrade(op: Operations) -> None:
    """Make the tables."""
    if op.get_bind().dialect.name == "postgresql":
        for statement in STATEMENTS:
            op.execute(statement)
