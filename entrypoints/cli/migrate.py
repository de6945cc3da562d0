"""`dialogue migrate`."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ...adapters.sqlmodel.sqlite.database import SqliteDatabase
from ...domain.errors import ConfigurationError
from ..settings import Settings


async def migrate_database(settings: Settings, console: Console) -> None:
    """Migrate the database of `settings`, showing how far it is. Raises ConfigurationError where it cannot be done."""
    if settings.database.startswith("memory:"):
        raise ConfigurationError("memory:// has no tables to migrate")
    database = SqliteDatabase(
        settings.database, synchronous=settings.synchronous, patience_s=settings.request_timeout_s
    )
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("taking over events", total=None, visible=False)

        def show(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total, visible=True)

        await database.migrate(show if console.is_terminal else None)  # else the log says how far it is
    console.print(f"{settings.database} is up to date", highlight=False, markup=False)
