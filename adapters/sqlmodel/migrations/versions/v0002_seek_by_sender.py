"""A seek by sender; the remains of deleted rooms; a stamp on each room for whatever changes what a reader sees.

Revision ID: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import Operations

revision = "0002"
down_revision = "0001"


def upgrade(op: Operations) -> None:
    """Add the columns and indexes; what is left of rooms that the first version deleted is to be swept too."""
    op.create_index("ix_messages_sender", "messages", ["from_user", "room_id", "event_name", "event_seq"])
    op.create_index("ix_dialogue_read_marks_room", "dialogue_read_marks", ["room_id"])
    op.add_column("dialogue_rooms", sa.Column("stamp", sa.BigInteger, nullable=False, server_default=sa.text("0")))
    op.add_column("dialogue_rooms", sa.Column("ended", sa.BigInteger))
    is_ended = sa.text("ended IS NOT NULL")
    op.create_index(
        "ix_dialogue_rooms_ended", "dialogue_rooms", ["ended"], sqlite_where=is_ended, postgresql_where=is_ended
    )
    rooms = sa.table("dialogue_rooms", *map(sa.column, ("definition", "head", "floor", "swept", "ended")))
    # Only the end of a room moves its floor. Should one of them be there again (the application's own now): its first
    # event, or its opening, makes it a room like any other.
    op.execute(
        rooms.update()
        .where(rooms.c.definition.is_(None), rooms.c.floor > 0, rooms.c.floor == rooms.c.head)
        .values(ended=0, swept=sa.case((rooms.c.swept < rooms.c.head, rooms.c.swept), else_=rooms.c.head - 1))
    )
