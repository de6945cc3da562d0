"""Brings a database's tables to the version of this program."""

from __future__ import annotations

from pathlib import Path

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext, MigrationStep
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from ....domain.errors import ConfigurationError
from .lock import lock_migrations
from .seed.takeover import LOCK_S, Progress, TakeOver

VERSION_TABLE = "dialogue_alembic_version"


def upgrade(connection: Connection, name: str, progress: Progress, lock_s: float = LOCK_S) -> None:
    """Run the migrations that a database has not had, each in one transaction: all of it, or nothing.

    `connection` is in no transaction yet. On PostgreSQL it is the one that `AsyncConnection.run_sync` gives, and may
    come through a proxy that pools transactions. Several nodes may do this at once: one migrates, the others wait.

    `name` is what the database is called in messages, without a password. `progress(done, total)` is called in bites by
    those that move events. For a table that another program uses PostgreSQL is waited for for `lock_s` seconds, SQLite
    as long as its connection says. Raises ConfigurationError where the database is of a newer version, or holds tables
    that are not ours, and SQLAlchemy's errors for all else.
    """
    scripts = ScriptDirectory(Path(__file__).parent)
    chain = [script.revision for script in scripts.walk_revisions()][::-1]
    take_over = TakeOver(name=name, progress=progress, lock_s=lock_s)
    while _step(connection, scripts, chain, take_over):
        pass


def _step(connection: Connection, scripts: ScriptDirectory, chain: list[str], take_over: TakeOver) -> bool:
    with connection.begin():
        lock_migrations(connection)
        current = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_revision()
        if current == chain[-1]:
            return False
        if current not in {None, *chain}:
            raise ConfigurationError(
                f"{take_over.name} was made by a newer version of Dialogue (its tables are {current!r})"
            )
        following = scripts.get_revision(chain[0 if current is None else chain.index(current) + 1])
        step = MigrationStep.upgrade_from_script(scripts.revision_map, following)
        context = MigrationContext.configure(
            connection,
            opts={"version_table": VERSION_TABLE, "fn": lambda _heads, _context: [step], TakeOver.OPTION: take_over},
        )
        # Handed over: `alembic.op` is a global, which several nodes in one loop would set for one another.
        context.run_migrations(op=Operations(context))
    return True
