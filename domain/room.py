"""A room: where events happen, and which are allowed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from . import json_value
from .draft import Draft, DraftByPattern
from .errors import ConfigurationError, EventNotAllowed, InvalidEvent, InvalidRequest, Problem, RoomFull
from .event_definition import EventDefinition
from .idempotency_key import IdempotencyKey
from .names import REDACTED
from .new_event import NewEvent
from .patterns import PatternNames, Patterns
from .room_checks import HistoryVisible, by_name, refuse_flaws

MAX_META_SIZE = 4096
ALL_EVENTS = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomConfig:
    """What a developer says of a room.

    `sync_history_on_join` is how many of the newest events a client gets when it joins: a number, True for as many as
    memory holds, or False for none. `default_subscriptions` are names of `events`; None subscribes to all. `max_size`
    bounds the sessions that are in the room at once. With `presence` its members may ask who is in it, and are told of
    users who come and go. `history_visible` says whether a user may read all of its history, or `since_join`: what came
    after the user's first join. `created_by_id` is the user whose room it is, who may redact what stands in it.

    Where some of the `events` are patterns, a name that is new to the room's history is allowed while that has fewer
    than `max_event_names`: each takes a buffer in memory.
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
    max_event_names: int = 100


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
    max_event_names: int = 100
    names_with_history: tuple[str, ...] = field(init=False)
    patterns: Patterns = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "patterns", Patterns(self.definitions))
        kept = tuple(name for name, definition in self.definitions.items() if definition.has_history)
        object.__setattr__(self, "names_with_history", kept)

    @classmethod
    def configured(cls, room_id: str, config: RoomConfig) -> Room:
        """The room that `config` describes; raises ConfigurationError with the room and the field that is wrong."""
        refuse_flaws(room_id, config)
        definitions = by_name(config.events, f"Room {room_id!r}")
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
            max_event_names=config.max_event_names,
        )

    def definition(self, event_name: str) -> EventDefinition:
        """The definition of that name: its own, or the pattern by which it goes.

        Raises EventNotAllowed where the room has neither.
        """
        found = self.patterns.named.get(event_name)
        return self._by_pattern(event_name) if found is None else found

    def ensure_kept(self, event_name: str) -> None:
        """Raise EventNotAllowed where events of that name have no history."""
        if event_name == REDACTED and self.names_with_history:
            return
        if not self.definition(event_name).has_history:
            raise EventNotAllowed(self.id, event_name, self.names_with_history, why="has no history")

    def subscription(self, event_names: Iterable[str] | None) -> frozenset[str]:
        """The names meant by a client: the defaults for None, all for `*`.

        Where `*` is a pattern of the room, it is that among other names, and all by itself. Raises EventNotAllowed, and
        InvalidRequest for too many that go by patterns.
        """
        if event_names is None:
            return self._received(self.default_subscriptions)
        names = frozenset(event_names)
        if ALL_EVENTS in names and (len(names) == 1 or ALL_EVENTS not in self.definitions):
            return self._received(self.definitions)
        for name in names:
            if name not in self.definitions:
                self.definition(name)
        return self._received(names)

    def subscribed(self, before: frozenset[str], event_names: Iterable[str]) -> frozenset[str]:
        """What a session receives that received `before`, and subscribes to these names.

        Raises EventNotAllowed, and InvalidRequest where it is to remember too many that go by patterns.
        """
        return self._received(before | self.subscription(event_names))

    def unsubscribed(self, before: frozenset[str], event_names: Iterable[str]) -> frozenset[str]:
        """What a session receives that received `before`, and unsubscribes from these names.

        Raises EventNotAllowed, and InvalidRequest for a name that it goes on to receive by a pattern.
        """
        gone = self.subscription(event_names)
        left = self._received(each for each in before if each == REDACTED or each not in gone)
        for name in gone:
            if name in left:
                why = f"{name!r} comes by {self.patterns.pattern_of(name)!r}: unsubscribe from that"
                raise InvalidRequest.field("events", why)
        return left

    def in_order(self, event_names: Iterable[str]) -> list[str]:
        """These names in the order in which the room defines them, behind them those that go by patterns."""
        wanted = frozenset(event_names)
        others = wanted.difference(self.definitions, (REDACTED,)) if self.patterns else ()
        return [*(name for name in self.definitions if name in wanted), *sorted(others)]

    def _received(self, names: Iterable[str]) -> frozenset[str]:
        names = frozenset(names)
        if not self.patterns:
            return names
        if len(names.difference(self.definitions, (REDACTED,))) > self.max_event_names:
            why = f"must name at most {self.max_event_names} that patterns stand for: there are the patterns"
            raise InvalidRequest.field("events", why)
        return PatternNames(names, self.patterns.pattern_of) if any(map(self._is_pattern, names)) else names

    def _by_pattern(self, event_name: str) -> EventDefinition:
        found = self.patterns.find(event_name)
        if found is None:
            why = "is a pattern, and no event's name" if event_name in self.definitions else ""
            raise EventNotAllowed(self.id, event_name, tuple(self.definitions), why=why)
        return found

    def _is_pattern(self, name: str) -> bool:
        return name in self.definitions and self.definitions[name].is_pattern

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
        draft = Draft(
            room_id=self.id,
            epoch=epoch,
            name=event_name,
            payload=definition.validate(data),
            sender=sender,
            meta=_kept_meta(meta),
            has_history=definition.has_history,
        )
        return draft if definition.name == event_name else DraftByPattern.of(draft, self.max_event_names)

    def key(
        self, text: str, event_name: str, data: object, meta: Mapping[str, object] | None, draft: Draft | None = None
    ) -> IdempotencyKey:
        """The key under which an event as it was sent is kept once; `draft` is what was made of it, if it is known.

        Raises EventNotAllowed, and InvalidRequest for a key that is none or stands at an event without history.
        """
        definition = self.definition(event_name)
        if not definition.has_history:
            raise InvalidRequest.field("key", f"needs an event with history, and {event_name!r} has none")
        if draft is not None and definition.schema is None:  # so it is what was sent
            return IdempotencyKey.of_json(text, event_name, draft.payload, draft.meta)
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
