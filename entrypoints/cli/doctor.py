"""`dialogue doctor`."""

from __future__ import annotations

from rich.console import Console

from ...adapters.sqlmodel.sqlite.database import SqliteDatabase
from ...domain.errors import ConfigurationError
from ..settings import Settings


async def renew_epochs(settings: Settings, console: Console) -> None:
    """Give every room of that database a new epoch. Raises ConfigurationError where that cannot be done."""
    if settings.database.startswith("memory:"):
        raise ConfigurationError("memory:// keeps nothing that could be restored")
    database = SqliteDatabase(
        settings.database, synchronous=settings.synchronous, patience_s=settings.request_timeout_s
    )
    rooms = await database.renew_epochs()
    console.print(f"{settings.database}: {rooms} rooms have new epochs", highlight=False, markup=False)
