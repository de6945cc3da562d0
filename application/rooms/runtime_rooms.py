"""Rooms made at run time: whether they may be, of which events, and how many."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ...domain.errors import ConfigurationError, EventNotAllowed, InvalidRequest
from ...domain.event_definition import EventDefinition
from ...domain.names import flaw_of_room_id
from ...domain.ports.room_store import StoredRoom
from ...domain.room import Room
from ...domain.room_checks import HistoryVisible
from ...domain.room_limits import RoomLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeRooms:
    """That users may make rooms, of which events, and how many.

    `events` are the definitions offered (a room may take some of them; default: all); `sync_history_on_join`,
    `presence`, `history_visible` and `max_event_names` are as in RoomConfig; `max_rooms` bounds the rooms in all,
    `max_rooms_per_user` those of one user.
    """

    events: Iterable[EventDefinition]
    sync_history_on_join: int | bool = 50
    max_rooms: int = 10_000
    max_rooms_per_user: int = 100
    presence: bool = False
    history_visible: HistoryVisible = "all"
    max_event_names: int = 100

    def __post_init__(self) -> None:
        for name in ("max_rooms", "max_rooms_per_user"):
            count = getattr(self, name)
            if isinstance(count, bool) or not isinstance(count, int) or count < 0:
                raise ConfigurationError(f"RuntimeRooms: {name} must be an integer from 0 on, not {count!r}")

    @property
    def limits(self) -> RoomLimits:
        """How many rooms there may be."""
        return RoomLimits(in_all=self.max_rooms, per_user=self.max_rooms_per_user)


@dataclass(frozen=True, slots=True)
class RuntimeOffer:
    """What the application offers for rooms made at run time: a `template` that has all their events, and limits."""

    template: Room
    limits: RoomLimits

    def ensure_possible(self, wanted: StoredRoom) -> StoredRoom:
        """`wanted` as it is to be stored. Raises InvalidRequest and EventNotAllowed where it cannot be."""
        flaw = flaw_of_room_id(wanted.id)
        if flaw is not None:
            raise InvalidRequest.field("id", flaw)
        if wanted.event_names is None:
            return wanted
        offered = self.template.definitions
        for name in wanted.event_names:
            if name not in offered:
                raise EventNotAllowed(self.template.id, name, tuple(offered))
        return replace(wanted, event_names=tuple(dict.fromkeys(wanted.event_names)))  # no more than are offered

    def room(self, stored: StoredRoom) -> Room:
        """The room that was stored, with those of its events that are offered now."""
        offered = self.template.definitions
        names = offered if stored.event_names is None else stored.event_names
        definitions = {name: offered[name] for name in names if name in offered}
        return Room(
            id=stored.id,
            name=stored.name,
            definitions=definitions,
            description=stored.description,
            max_size=stored.max_size,
            default_subscriptions=frozenset(definitions),
            sync_history_on_join=self.template.sync_history_on_join,
            has_presence=self.template.has_presence,
            history_visible=self.template.history_visible,
            max_event_names=self.template.max_event_names,
            created_by_id=stored.created_by_id,
            is_configured=False,
        )
