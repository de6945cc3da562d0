"""What the developer's code says of an application."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from ..application.hooks.hooks import Hooks
from ..application.rooms.runtime_rooms import RuntimeOffer, RuntimeRooms
from ..domain.errors import ConfigurationError
from ..domain.event_definition import EventDefinition
from ..domain.room import Room, RoomConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class AppConfig:
    """The rooms, what is offered for rooms made at run time (None: none may be made), and the hooks."""

    rooms: Mapping[str, Room]
    hooks: Hooks
    offer: RuntimeOffer | None = None

    def memory_limits(self, room_id: str) -> Mapping[str, int]:
        """How many events stay in memory, for each name of the room that has history."""
        room = self.rooms.get(room_id, None if self.offer is None else self.offer.template)
        names = () if room is None else room.names_with_history  # there are no patterns: see `refuse_for_hooks`
        return {name: room.definitions[name].memory_limit for name in names if room is not None}

    def refuse_for_hooks(self) -> None:
        """Raise ConfigurationError for what an application's own storage cannot do.

        It is not ours to trim, and it cannot be asked which names it holds.
        """
        for room in (*self.rooms.values(), *([] if self.offer is None else [self.offer.template])):
            for name, definition in room.definitions.items():
                if definition.retention is not None:
                    raise ConfigurationError(
                        f"Room {room.id!r}: {name!r} has max_events or max_age, which the hooks on_cleanup and on_load "
                        "cannot keep to; remove old events in your storage, or name a database"
                    )
                if definition.is_pattern and definition.has_history:
                    raise ConfigurationError(
                        f"Room {room.id!r}: {name!r} is a pattern with history, and the hooks on_cleanup and on_load "
                        "cannot tell which names there are; define each name, or name a database"
                    )

    @classmethod
    def of(cls, rooms: Mapping[str, RoomConfig], hooks: Hooks | None, runtime_rooms: RuntimeRooms | None) -> AppConfig:
        """What `create_dialogue` was given, checked. Raises ConfigurationError with what is wrong."""
        if not isinstance(rooms, Mapping):
            raise ConfigurationError(f"rooms must be a mapping of room ids to RoomConfig, not {rooms!r}")
        if hooks is not None and not isinstance(hooks, Hooks):
            raise ConfigurationError(f"hooks must be Hooks(…), not {hooks!r}")
        if runtime_rooms is not None and not isinstance(runtime_rooms, RuntimeRooms):
            raise ConfigurationError(f"runtime_rooms must be RuntimeRooms(…), not {runtime_rooms!r}")
        for room_id, config in rooms.items():
            if not isinstance(config, RoomConfig):
                raise ConfigurationError(f"Room {room_id!r} must be a RoomConfig, not {config!r}")
        return cls(
            rooms={room_id: Room.configured(room_id, config) for room_id, config in rooms.items()},
            hooks=hooks or Hooks(),
            offer=None if runtime_rooms is None else RuntimeOffer(_template(runtime_rooms), runtime_rooms.limits),
        )


def _template(runtime: RuntimeRooms) -> Room:
    events, sync = cast(Sequence[EventDefinition], runtime.events), runtime.sync_history_on_join
    config = RoomConfig(
        name="runtime rooms",
        events=events,
        sync_history_on_join=sync,
        presence=runtime.presence,
        history_visible=runtime.history_visible,
        max_event_names=runtime.max_event_names,
    )
    return Room.configured("runtime rooms", config)
