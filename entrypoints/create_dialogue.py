"""How an application begins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..application.hooks.hooks import Hooks
from ..application.rooms.runtime_rooms import RuntimeRooms
from ..domain.errors import ConfigurationError
from ..domain.room import RoomConfig
from .app_config import AppConfig
from .dialogue_app import DialogueApp


def create_dialogue(
    *,
    rooms: Mapping[str, RoomConfig],
    hooks: Hooks | None = None,
    runtime_rooms: RuntimeRooms | None = None,
    host: str | None = None,
    port: int | None = None,
    database: str | None = None,
    settings: Mapping[str, Any] | None = None,
) -> DialogueApp:
    """An application of these rooms.

    `runtime_rooms` lets users make rooms while it runs. `host`, `port`, `database` and the other `settings` (by their
    names in `dialogue.Settings`) are defaults: the environment and the command line go before them.

    Raises ConfigurationError with what is wrong: two events of one name, an unknown subscription, a bad setting.
    """
    if settings is not None and not isinstance(settings, Mapping):
        raise ConfigurationError(f"settings must be a mapping of names to values, not {settings!r}")
    given = {"host": host, "port": port, "database": database, **(settings or {})}
    code_settings = {name: value for name, value in given.items() if value is not None}
    return DialogueApp(AppConfig.of(rooms, hooks, runtime_rooms), code_settings)
