"""`dialogue doctor`."""

from __future__ import annotations

from rich.console import Console

from ...adapters.sqlmodel.epochs import new_epochs
from ...adapters.sqlmodel.mend_times import mend_times
from ...adapters.system_clock import SystemClock
from ...domain.errors import ConfigurationError
from ..databases import database_of, shown_database
from ..settings.settings import Settings


async def repair(settings: Settings, console: Console, *, epochs: bool, times: bool) -> None:
    """Give every room of that database a new epoch, and mend times that lie in the future, as far as is asked for.

    Raises ConfigurationError where that cannot be done.
    """
    if settings.database.startswith("memory:"):
        raise ConfigurationError("memory:// keeps nothing that could be restored")
    database = database_of(settings)
    told = []
    if times:
        now_ms = SystemClock().now_ms()
        rooms = await database.repair(lambda connection: mend_times(connection, now_ms))
        told.append(f"{rooms} rooms had times in the future, and are mended")
    if epochs:
        told.append(f"{await database.repair(new_epochs)} rooms have new epochs")
    for line in told:
        console.print(f"{shown_database(settings)}: {line}", highlight=False, markup=False, soft_wrap=True)
