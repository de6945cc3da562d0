"""Alembic's way in: runs the migrations over the connection, and within the transaction, that `upgrade` gives."""

from __future__ import annotations

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table=context.config.attributes["version_table"],
)
context.run_migrations()
