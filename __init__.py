"""Dialogue: a realtime event server whose history does not end.

What stands here is the public face; `docs/reference` describes it. Each name is loaded when it is first used, so that
`from dialogue.domain.room import Room` brings in the pure domain and no server.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dialogue.application.access.action import Action
    from dialogue.application.access.roles import roles
    from dialogue.application.hooks.client import Client
    from dialogue.application.hooks.hooks import Hooks
    from dialogue.application.hooks.incoming_event import IncomingEvent
    from dialogue.application.ports.authenticator import Identity
    from dialogue.application.rooms.runtime_rooms import RuntimeRooms
    from dialogue.application.sessions.notice import RoomInfo
    from dialogue.domain.errors import (
        ConfigurationError,
        DialogueError,
        EventRejected,
        JoinDenied,
        PayloadMismatch,
        Redacted,
        TransactionConflict,
    )
    from dialogue.domain.event import Event
    from dialogue.domain.event_definition import EventDefinition, History, define_event
    from dialogue.domain.position import Position
    from dialogue.domain.room import RoomConfig
    from dialogue.entrypoints.create_dialogue import create_dialogue
    from dialogue.entrypoints.dialogue_app import DialogueApp
    from dialogue.entrypoints.settings.settings import Settings
    from dialogue.entrypoints.version import __version__

__all__ = [
    "Action",
    "Client",
    "ConfigurationError",
    "DialogueApp",
    "DialogueError",
    "Event",
    "EventDefinition",
    "EventRejected",
    "History",
    "Hooks",
    "Identity",
    "IncomingEvent",
    "JoinDenied",
    "PayloadMismatch",
    "Position",
    "Redacted",
    "RoomConfig",
    "RoomInfo",
    "RuntimeRooms",
    "Settings",
    "TransactionConflict",
    "__version__",
    "create_dialogue",
    "define_event",
    "roles",
]

_HOMES = {
    "application.access.action": ("Action",),
    "application.access.roles": ("roles",),
    "application.hooks.client": ("Client",),
    "application.hooks.hooks": ("Hooks",),
    "application.hooks.incoming_event": ("IncomingEvent",),
    "application.sessions.notice": ("RoomInfo",),
    "application.ports.authenticator": ("Identity",),
    "application.rooms.runtime_rooms": ("RuntimeRooms",),
    "domain.errors": (
        "ConfigurationError",
        "DialogueError",
        "EventRejected",
        "JoinDenied",
        "PayloadMismatch",
        "Redacted",
        "TransactionConflict",
    ),
    "domain.event": ("Event",),
    "domain.event_definition": ("EventDefinition", "History", "define_event"),
    "domain.position": ("Position",),
    "domain.room": ("RoomConfig",),
    "entrypoints.create_dialogue": ("create_dialogue",),
    "entrypoints.dialogue_app": ("DialogueApp",),
    "entrypoints.settings.settings": ("Settings",),
    "entrypoints.version": ("__version__",),
}
_HOME_OF = {name: f"dialogue.{home}" for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
