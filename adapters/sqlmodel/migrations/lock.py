"""What lets several nodes start at once: one of them migrates, the others wait."""

from __future__ import annotations

import logging

from sqlalchemy import Connection, text

# Any number, the same in all versions: nobody else takes this lock.
KEY = 0x6469616C6F677565

# A migration takes the time that it takes, whatever the role or the database is set to. `transaction_timeout` came with
# PostgreSQL 17.
_NO_TIME_OUTS = text("""
    SELECT set_config(name, '0', true) FROM pg_settings
    WHERE name IN (
        'statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout'
    )
""")
_TRY = text("SELECT pg_try_advisory_xact_lock(:key)")
_WAIT = text("SELECT pg_advisory_xact_lock(:key)")

logger = logging.getLogger("dialogue.database")


def lock_migrations(connection: Connection) -> None:
    """Hold off all other migrations of this database until the end of the transaction, which has just begun.

    Everything ends with the transaction, and so it works through a proxy that gives each one another connection.
    SQLite's transaction has taken the writer's lock when it begins.
    """
    if connection.dialect.name != "postgresql":
        return
    # What was migrated while this one waited for the lock must be seen after it.
    connection.execute(text("SET TRANSACTION ISOLATION LEVEL READ COMMITTED"))
    connection.execute(_NO_TIME_OUTS)
    if not connection.execute(_TRY, {"key": KEY}).scalar_one():
        logger.info("another node brings the tables to its version: waiting for it")
        connection.execute(_WAIT, {"key": KEY})
