"""On PostgreSQL, where several nodes write, each room says in which transaction it moved last.

Revision ID: 0004
"""

from __future__ import annotations

from alembic.operations import Operations

revision = "0004"
down_revision = "0003"

STATEMENTS = (
    "ALTER TABLE dialogue_rooms ADD COLUMN moved xid8",
    "ALTER TABLE dialogue_rooms ALTER COLUMN moved SET DEFAULT pg_current_xact_id()",
    "CREATE INDEX ix_dialogue_rooms_moved ON dialogue_rooms (moved)",
    """
    CREATE FUNCTION dialogue_room_moved() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.moved := pg_catalog.pg_current_xact_id();
        RETURN NEW;
    END
    $$
    """,
    # Who moves many rooms at once sets the column himself, and spares the call: then it differs already.
    """
    CREATE TRIGGER dialogue_room_moved BEFORE UPDATE ON dialogue_rooms FOR EACH ROW
    WHEN (
        NEW.moved IS NOT DISTINCT FROM OLD.moved
        AND ROW(NEW.epoch, NEW.head, NEW.stamp, NEW.definition IS NULL)
            IS DISTINCT FROM ROW(OLD.epoch, OLD.head, OLD.stamp, OLD.definition IS NULL)
    )
    EXECUTE FUNCTION dialogue_room_moved()
    """,
)


def upgrade(op: Operations) -> None:
    """Add the column, its index, and the trigger that writes it where a statement does not."""
    if op.get_bind().dialect.name == "postgresql":
        for statement in STATEMENTS:
            op.execute(statement)
