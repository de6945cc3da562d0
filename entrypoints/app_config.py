"""What the developer's code says of an application."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..application.client import Hooks
from ..application.room_registry import RuntimeRooms
from ..domain.errors import ConfigurationError
from ..domain.room import Room, RoomConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class AppConfig:
    """The rooms, the template of rooms made at run time (None: none may be made), and the hooks."""

    rooms: Mapping[str, Room]
    hooks: Hooks
    runtime_rooms: RuntimeRooms | None = None
    runtime_template: Room | None = None

    @classmethod
    def of(cls, rooms: Mapping[str, RoomConfig], hooks: Hooks | None, runtime_rooms: RuntimeRooms | None) -> AppConfig:
        """What `create_dialogue` was given, checked. Raises ConfigurationError with what is wrong."""
        for room_id, config in rooms.items():
            if not isinstance(config, RoomConfig):
                raise ConfigurationError(f"Room {room_id!r} must be a RoomConfig, not {config!r}")
        return cls(
            rooms={room_id: Room.configured(room_id, config) for room_id, config in rooms.items()},
            hooks=hooks or Hooks(),
            runtime_rooms=runtime_rooms,
            runtime_template=None if runtime_rooms is None else _template(runtime_rooms),
        )


def _template(runtime: RuntimeRooms) -> Room:
    config = RoomConfig(
        name="runtime rooms", events=tuple(runtime.events), sync_history_on_join=runtime.sync_history_on_join
    )
    return Room.configured("runtime rooms", config)
