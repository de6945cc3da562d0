"""Which bus the settings name; those that are not named are not loaded either, which a start would have to wait for."""

from __future__ import annotations

from secrets import token_hex

from ...adapters.bus.in_process import InProcessBus
from ...adapters.sqlmodel.postgresql.url import dsn_of
from ...application.ports.event_bus import EventBus
from ..settings.settings import Settings


def bus_of(settings: Settings) -> EventBus:
    """The bus of these settings. Raises ConfigurationError where its address is none."""
    if settings.bus == "none":
        return InProcessBus()
    if settings.bus.startswith("postgres"):
        from ...adapters.bus.postgresql import PostgresqlBus

        return PostgresqlBus(dsn_of(settings.database if settings.bus == "postgres" else settings.bus))
    from ...adapters.bus.redis import RedisBus

    return RedisBus(settings.bus)


def new_origin() -> str:
    """A name for this run of this node, which no other has."""
    return token_hex(8)
