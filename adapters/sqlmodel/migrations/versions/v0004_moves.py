"""Moves of rooms: nothing yet.

Revision ID: 0004
"""

from __future__ import annotations

from alembic.operations import Operations

revision = "0004"
down_revision = "0003"


def upgrade(op: Operations) -> None:
    """Do nothing."""
