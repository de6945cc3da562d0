"""What can be wrong with a room as its developer describes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, get_args

from .errors import ConfigurationError
from .event_definition import EventDefinition
from .names import MAX_ROOM_ID, MAX_USER_ID, flaw_of_name, flaw_of_room_id
from .patterns import MAX_EVENT_NAMES

if TYPE_CHECKING:
    from .room import RoomConfig

MAX_SYNC = 1_000

HistoryVisible = Literal["all", "since_join"]
"""Whether a user may read all of a room's history, or what came after the user's first join."""


def by_name(definitions: Iterable[EventDefinition], where: str) -> Mapping[str, EventDefinition]:
    """The definitions by name. Raises ConfigurationError where one is none, or two have one name."""
    named: dict[str, EventDefinition] = {}
    if isinstance(definitions, str | Mapping) or not isinstance(definitions, Iterable):
        raise ConfigurationError(f"{where}: events must be a list of what define_event returns, not {definitions!r}")
    for definition in definitions:
        if not isinstance(definition, EventDefinition):
            raise ConfigurationError(f"{where}: events must be made by define_event, not {definition!r}")
        if definition.name in named:
            raise ConfigurationError(f"{where}: two events are named {definition.name!r}")
        named[definition.name] = definition
    return MappingProxyType(named)


def refuse_flaws(room_id: str, config: RoomConfig) -> None:
    """Raise ConfigurationError with the room and its first field that is wrong."""
    flaw = flaw_of_room_id(room_id)
    if flaw:
        raise ConfigurationError(f"The room id {room_id!r} {flaw}")
    flaw = flaw_of_name(config.name, MAX_ROOM_ID)
    if flaw:
        raise ConfigurationError(f"Room {room_id!r}: name {flaw}")
    if config.description is not None and not isinstance(config.description, str):
        raise ConfigurationError(f"Room {room_id!r}: description must be a text, not {config.description!r}")
    flaw = None if config.created_by_id is None else flaw_of_name(config.created_by_id, MAX_USER_ID)
    if flaw:
        raise ConfigurationError(f"Room {room_id!r}: created_by_id {flaw}")
    defaults = config.default_subscriptions
    if isinstance(defaults, str | Mapping) or not isinstance(defaults, Iterable | None):
        raise ConfigurationError(f"Room {room_id!r}: default_subscriptions must be a list of names, not {defaults!r}")
    size = config.max_size
    if size is not None and (isinstance(size, bool) or not isinstance(size, int) or size < 1):
        raise ConfigurationError(f"Room {room_id!r}: max_size must be an integer from 1 on, not {size!r}")
    names = config.max_event_names
    if isinstance(names, bool) or not isinstance(names, int) or not 1 <= names <= MAX_EVENT_NAMES:
        bounds = f"an integer from 1 to {MAX_EVENT_NAMES}"
        raise ConfigurationError(f"Room {room_id!r}: max_event_names must be {bounds}, not {names!r}")
    if not isinstance(config.presence, bool):
        raise ConfigurationError(f"Room {room_id!r}: presence must be True or False, not {config.presence!r}")
    if config.history_visible not in get_args(HistoryVisible):
        given = f"not {config.history_visible!r}"
        raise ConfigurationError(f"Room {room_id!r}: history_visible must be 'all' or 'since_join', {given}")
    sync = config.sync_history_on_join
    if not isinstance(sync, bool) and (not isinstance(sync, int) or not 0 <= sync <= MAX_SYNC):
        raise ConfigurationError(
            f"Room {room_id!r}: sync_history_on_join must be True, False or 0 to {MAX_SYNC}, not {sync!r}"
        )
