"""Brings a database's tables to the version of this program."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Lock

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from ....domain.errors import ConfigurationError

VERSION_TABLE = "dialogue_alembic_version"

Progress = Callable[[int, int], None]

# Alembic keeps the migration that runs in module globals.
_one_at_a_time = Lock()


def upgrade(engine: Engine, path: Path, progress: Progress) -> None:
    """Run the migrations that the database at `path` has not had, each in one transaction: all of it, or nothing.

    `progress(done, total)` is called in bites by those that move events. Raises ConfigurationError where the database
    is of a newer version, or holds tables that are not ours.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes.update(version_table=VERSION_TABLE, path=path, progress=progress)
    scripts = ScriptDirectory.from_config(config)
    with _one_at_a_time, engine.connect() as connection:
        while _step(connection, config, scripts, path):
            pass


def _step(connection: Connection, config: Config, scripts: ScriptDirectory, path: Path) -> bool:
    with connection.begin():
        current = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_revision()
        if current == scripts.get_current_head():
            return False
        if current not in {None, *(script.revision for script in scripts.walk_revisions())}:
            raise ConfigurationError(f"{path} was made by a newer version of Dialogue (its tables are {current!r})")
        config.attributes["connection"] = connection
        command.upgrade(config, "+1")
    return True
