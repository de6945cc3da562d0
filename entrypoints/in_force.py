"""What is really in force, for the lines that a start writes."""

from __future__ import annotations

from .container import Container
from .container.storage import HOOKS, POSTGRESQL
from .databases import shown_database


def storage_in_force(container: Container) -> str:
    """Where the history is kept, whatever the settings name."""
    for part in (container.archive, container.storage):
        if part.overridden:
            return f"history in the application's own {type(part()).__name__}"
    if container.storage_kind() == HOOKS:
        return "history in the application's own storage, by on_cleanup and on_load; each start is a new epoch"
    database = container.settings().database
    if database.startswith("memory:"):
        return f"history in memory alone ({database}): it ends with this process"
    return f"history in {shown_database(container.settings())}"


def is_bus_deaf(container: Container) -> bool:
    """Whether the bus is to be the database's own, and a proxy in between will keep it from hearing anything.

    The storage is open by now.
    """
    if container.storage.overridden or container.storage_kind() != POSTGRESQL:
        return False
    return container.settings().bus == "postgres" and not container.postgresql_database().prepares
