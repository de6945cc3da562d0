"""A room: where events happen, and which are allowed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, get_args

from . import json_value
from .draft import Draft
from .errors import ConfigurationError, EventNotAllowed, InvalidEvent, InvalidRequest, Problem, RoomFull
from .event_definition import EventDefinition
from .idempotency_key import IdempotencyKey
from .names import MAX_ROOM_ID, MAX_USER_ID, REDACTED, flaw_of_name, flaw_of_room_id
from .new_event import NewEvent

MAX_META_SIZE = 4096
MAX_SYNC = 1_000
ALL_EVENTS = "*"

HistoryVisible = Literal["all", "since_join"]
"""Whether a user may read all of a room's history, or what came after the user's first join."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomConfig:
    """What a developer says of a room.

    `sync_history_on_join` is how many of the newest events a client gets when it joins: a number, True for as many as
    memory holds, or False for none. `default_subscriptions` are names of `events`; None subscribes to all. `max_size`
    bounds the sessions that are in the room at once. With `presence` its members may ask who is in it, and are told of
    users who come and go. `history_visible` says whether a user may read all of its history, or `since_join`: what came
    after the user's first join. `created_by_id` is the user whose room it is, who may redact what stands in it.
    """

    name: str
    events: Sequence[EventDefinition]
    description: str | None = None
    max_size: int | None = None
    default_subscriptions: Sequence[str] | None = None
    sync_history_on_join: int | bool = 50
    presence: bool = False
    history_visible: HistoryVisible = "all"
    created_by_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A room and the rules of what happens in it; who is in it now is the hub's to know.

    `created_by_id` is the user who made it, or whose it is; `is_configured` says that it stands in the application's
    code, and so cannot be deleted.
    """

    id: str
    name: str
    definitions: Mapping[str, EventDefinition]
    description: str | None = None
    max_size: int | None = None
    default_subscriptions: frozenset[str]
    sync_history_on_join: int | bool = 50
    has_presence: bool = False
    history_visible: HistoryVisible = "all"
    created_by_id: str | None = None
    is_configured: bool = True
    names_with_history: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        kept = tuple(name for name, definition in self.definitions.items() if definition.has_history)
        object.__setattr__(self, "names_with_history", kept)

    @classmethod
    def configured(cls, room_id: str, config: RoomConfig) -> Room:
        """The room that `config` describes; raises ConfigurationError with the room and the field that is wrong."""
        _refuse_flaws(room_id, config)
        definitions = _by_name(config.events, f"Room {room_id!r}")
        defaults = frozenset(definitions if config.default_subscriptions is None else config.default_subscriptions)
        unknown = sorted(defaults - definitions.keys())
        if unknown:
            raise ConfigurationError(
                f"Room {room_id!r}: default_subscriptions names {unknown[0]!r}, which is not among its events "
                f"({', '.join(definitions) or 'none'})"
            )
        return cls(
            id=room_id,
            name=config.name,
            definitions=definitions,
            description=config.description,
            max_size=config.max_size,
            default_subscriptions=defaults,
            sync_history_on_join=config.sync_history_on_join,
            created_by_id=config.created_by_id,
            has_presence=config.presence,
            history_visible=config.history_visible,
        )

    def definition(self, event_name: str) -> EventDefinition:
        """The definition of that name; raises EventNotAllowed where the room has none."""
        found = self.definitions.get(event_name)
        if found is None:
            raise EventNotAllowed(self.id, event_name, tuple(self.definitions))
        return found

    @property
    def kept_names(self) -> tuple[str, ...]:
        """All names with history, that of redactions included."""
        return (*self.names_with_history, REDACTED) if self.names_with_history else ()

    def streams(self, event_name: str | None) -> tuple[str, ...]:
        """The names whose history is meant: that one, or all that have some. Raises EventNotAllowed."""
        if event_name is None or (event_name == REDACTED and self.names_with_history):
            return self.kept_names if event_name is None else (REDACTED,)
        if not self.definition(event_name).has_history:
            raise EventNotAllowed(self.id, event_name, self.names_with_history, why="has no history")
        return (event_name,)

    def subscription(self, event_names: Iterable[str] | None) -> frozenset[str]:
        """The names meant by a client: the defaults for None, all for `*`. Raises EventNotAllowed."""
        if event_names is None:
            return self.default_subscriptions
        names = frozenset(event_names)
        if ALL_EVENTS in names:
            return frozenset(self.definitions)
        for name in names:
            self.definition(name)
        return names

    def in_order(self, event_names: Iterable[str]) -> list[str]:
        """These names in the order in which the room defines them."""
        wanted = frozenset(event_names)
        return [name for name in self.definitions if name in wanted]

    def admit(
        self,
        event_name: str,
        data: object,
        *,
        sender: str,
        epoch: str,
        meta: Mapping[str, object] | None = None,
    ) -> Draft:
        """The draft of an event that this room allows, in its life `epoch`.

        Raises EventNotAllowed and InvalidEvent with the paths that are wrong.
        """
        definition = self.definition(event_name)
        return Draft(
            room_id=self.id,
            epoch=epoch,
            name=event_name,
            payload=definition.validate(data),
            sender=sender,
            meta=_kept_meta(meta),
            has_history=definition.has_history,
        )

    def key(self, text: str, event_name: str, data: object, meta: Mapping[str, object] | None) -> IdempotencyKey:
        """The key under which an event as it was sent is kept once.

        Raises EventNotAllowed, and InvalidRequest for a key that is none or stands at an event without history.
        """
        if not self.definition(event_name).has_history:
            raise InvalidRequest.field("key", f"needs an event with history, and {event_name!r} has none")
        return IdempotencyKey.of(text, event_name, data, meta)

    def batch_key(self, text: str, events: Iterable[NewEvent]) -> IdempotencyKey:
        """The key under which these events are kept once, all together. Raises InvalidRequest for one that is none."""
        return IdempotencyKey.of_batch(text, ((event.name, event.data, event.meta) for event in events))

    def ensure_space(self, size: int) -> None:
        """Raise RoomFull where `size` sessions are as many as the room holds."""
        if self.max_size is not None and size >= self.max_size:
            raise RoomFull(self.id, self.max_size)


def _kept_meta(meta: Mapping[str, object] | None) -> bytes | None:
    if meta is None:
        return None
    kept = json_value.keepable(meta, "meta")
    if len(kept) > MAX_META_SIZE:
        raise InvalidEvent([Problem("meta", f"must be at most {MAX_META_SIZE} bytes of JSON, not {len(kept)}")])
    return kept


def _by_name(definitions: Iterable[EventDefinition], where: str) -> Mapping[str, EventDefinition]:
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


def _refuse_flaws(room_id: str, config: RoomConfig) -> None:
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
