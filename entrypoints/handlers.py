"""The application's handlers of events, checked where they are given."""

from __future__ import annotations

from typing import Any

from ..application.arguments import name_of
from ..application.feed.listeners import EventKind, Handler, Listeners
from ..application.hooks.checks import ensure_callable
from ..domain.errors import ConfigurationError
from ..domain.event_definition import EventDefinition
from ..domain.patterns import Patterns
from ..domain.room import Room
from .app_config import AppConfig


class Handlers:
    """Collects handlers until the start. Each method raises ConfigurationError that names the mistake."""

    def __init__(self, config: AppConfig) -> None:
        self._config = config
        self._given: list[tuple[str | None, EventKind, Handler, Patterns]] = []

    def on(self, room_id: str, event: EventKind, handler: Handler) -> None:
        """A handler of a configured room."""
        call = f"on({room_id!r}, {_said(event)}, …)"
        room = self._config.rooms.get(room_id) if isinstance(room_id, str) else None
        if room is None:
            raise ConfigurationError(
                f"{call}: there is no such room, only {', '.join(map(repr, self._config.rooms)) or 'none'}; "
                "for rooms made at run time there is on_runtime_rooms(event, handler)"
            )
        self._add(call, room, room_id, event, handler)

    def on_runtime_rooms(self, event: EventKind, handler: Handler) -> None:
        """A handler of all rooms made at run time."""
        call = f"on_runtime_rooms({_said(event)}, …)"
        offer = self._config.offer
        if offer is None:
            raise ConfigurationError(f"{call}: no rooms can be made at run time here; create_dialogue(runtime_rooms=…)")
        self._add(call, offer.template, None, event, handler)

    def install(self, listeners: Listeners) -> None:
        """Give them all to a node that is about to start."""
        for room_id, event, handler, patterns in self._given:
            if room_id is None:
                listeners.on_runtime_rooms(event, handler, patterns)
            else:
                listeners.on(room_id, event, handler, patterns)

    def _add(self, call: str, room: Room, room_id: str | None, event: EventKind, handler: Handler) -> None:
        if event is not None:
            _refuse_unknown(call, room, event)
        ensure_callable(f"{call}: the handler", handler, "event")
        self._given.append((room_id, event, handler, room.patterns))


def _refuse_unknown(call: str, room: Room, event: EventDefinition[Any] | str) -> None:
    if not isinstance(event, (EventDefinition, str)):
        raise ConfigurationError(f"{call}: the event must be a definition, its name, or None for any")
    name = name_of(event)
    known = room.definitions.get(name) or room.patterns.find(name)
    if known is None:
        raise ConfigurationError(f"{call}: the room has no such event, only {', '.join(room.definitions) or 'none'}")
    if isinstance(event, EventDefinition) and event.schema != known.schema:
        raise ConfigurationError(f"{call}: the room has another definition of that name, with another schema")


def _said(event: EventKind) -> str:
    return repr(event.name if isinstance(event, EventDefinition) else event)
