"""Who has made a room at run time, so that the rooms of a user are counted by a seek.

Revision ID: 0010
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic.operations import Operations

from dialogue.adapters.sqlmodel.migrations.column_types import key

revision = "0010"
down_revision = "0009"


def upgrade(op: Operations) -> None:
    """Add the column and its index, and say it of the rooms that there are."""
    op.add_column("dialogue_rooms", sa.Column("created_by", key(255)))
    # Texts, whatever the column is declared as: what they say is not searched, but read here.
    rooms = sa.table("dialogue_rooms", sa.column("room_id"), sa.column("definition", sa.Text), sa.column("created_by"))
    made = op.get_bind().execute(sa.select(rooms.c.room_id, rooms.c.definition).where(rooms.c.definition.is_not(None)))
    told = [{"b_room_id": room_id, "b_user_id": json.loads(text)["created_by_id"]} for room_id, text in made]
    if told:
        is_it = rooms.c.room_id == sa.bindparam("b_room_id")
        op.get_bind().execute(rooms.update().where(is_it).values(created_by=sa.bindparam("b_user_id")), told)
    is_made = sa.text("definition IS NOT NULL")
    op.create_index(
        "ix_dialogue_rooms_made", "dialogue_rooms", ["created_by"], sqlite_where=is_made, postgresql_where=is_made
    )
