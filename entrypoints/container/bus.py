"""Which bus the settings name."""

from __future__ import annotations

from secrets import token_hex

from ...adapters.bus.in_process import InProcessBus
from ...adapters.bus.postgresql import PostgresqlBus
from ...adapters.bus.redis import RedisBus
from ...application.ports.event_bus import EventBus
from ..settings.settings import Settings


def bus_of(settings: Settings) -> EventBus:
    """The bus of these settings. Raises ConfigurationError where its address is none."""
    if settings.bus == "none":
        return InProcessBus()
    if settings.bus == "postgres":
        return PostgresqlBus(settings.database)
    return PostgresqlBus(settings.bus) if settings.bus.startswith("postgres") else RedisBus(settings.bus)


def new_origin() -> str:
    """A name for this run of this node, which no other has."""
    return token_hex(8)
