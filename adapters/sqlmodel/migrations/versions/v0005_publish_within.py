"""On PostgreSQL, publishing in a transaction of the application's own: an SQL function, and what it has to know.

Revision ID: 0005
"""

from __future__ import annotations

from pathlib import Path

from alembic.operations import Operations

revision = "0005"
down_revision = "0004"

SCRIPT = Path(__file__).with_name("v0005_publish_within.sql")
SCHEMA = (
    "SELECT quote_ident(nspname) FROM pg_namespace, pg_class "
    "WHERE relnamespace = pg_namespace.oid AND pg_class.oid = 'dialogue_rooms'::regclass"
)


def upgrade(op: Operations) -> None:
    """Make the function `dialogue_publish` and its tables, where `dialogue_rooms` is."""
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        schema = connection.exec_driver_sql(SCHEMA).scalar_one()
        statements = SCRIPT.read_text(encoding="utf-8").replace("{schema}", schema)
        # As one statement: no driver takes several at once without a protocol of its own for it.
        connection.exec_driver_sql(f"DO $migration$ BEGIN\n{statements}\nEND $migration$")
