"""`dialogue migrate`."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ...domain.errors import ConfigurationError
from ..databases import database_of, shown_database
from ..settings.settings import Settings


async def migrate_database(settings: Settings, console: Console) -> None:
    """Migrate the database of `settings`, showing how far it is. Raises ConfigurationError where it cannot be done."""
    if settings.database.startswith("memory:"):
        raise ConfigurationError("memory:// has no tables to migrate")
    database = database_of(settings)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("taking over events", total=None, visible=False)

        def show(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total, visible=True)

        await database.migrate(show if console.is_terminal else None)  # else the log says how far it is
    console.print(f"{shown_database(settings)} is up to date", highlight=False, markup=False, soft_wrap=True)
