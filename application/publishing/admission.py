"""What an event has to be like to get into a room."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...domain.draft import Draft
from ...domain.draft_group import DraftGroup
from ...domain.errors import EventNotAllowed, InvalidEvent, InvalidRequest, Problem
from ...domain.event import weight
from ...domain.event_definition import SchemaFailed
from ...domain.json_value import MAX_VALUES, decode, holds_more_values, may_hold_more_values
from ...domain.new_event import MAX_BATCH, NewEvent
from ...domain.room import Room

logger = logging.getLogger("dialogue.publishing")


@dataclass(frozen=True, slots=True)
class Admission:
    """Admits an event that its room allows, and that is not larger than others can be told of.

    `max_event_size` is in bytes, as `weight` counts them, and so is `max_passing_size`, for an event without history,
    which has to fit into a notice to the other nodes; `max_values` bounds the JSON values that its data holds. The
    events of a batch keep to them together.
    """

    max_event_size: int
    max_values: int = MAX_VALUES
    max_passing_size: int | None = None

    def __call__(
        self,
        room: Room,
        epoch: str,
        event_name: str,
        data: object,
        *,
        sender: str,
        meta: Mapping[str, object] | None,
        key: str | None,
    ) -> DraftGroup:
        """The event as a group of its own. Raises EventNotAllowed, InvalidEvent, and InvalidRequest for the key."""
        draft = self.draft(room, epoch, event_name, data, sender, meta)
        return DraftGroup.of(draft, key=None if key is None else room.key(key, event_name, data, meta, draft))

    def batch(self, room: Room, epoch: str, events: Sequence[NewEvent], *, sender: str, key: str | None) -> DraftGroup:
        """The events as one group. Raises the same; what is wrong is named by the place of its event."""
        if not 1 <= len(events) <= MAX_BATCH:
            raise InvalidRequest.field("events", f"must be 1 to {MAX_BATCH} events, not {len(events)}")
        drafts = [self._in_batch(room, epoch, place, event, sender) for place, event in enumerate(events)]
        self.ensure_together(drafts)
        return DraftGroup.of(*drafts, key=None if key is None else room.batch_key(key, events))

    def ensure_together(self, drafts: Sequence[Draft]) -> None:
        """Raise InvalidEvent where the drafts of a batch are larger together than one event may be."""
        size = sum(map(weight, drafts))
        if size > self.max_event_size:
            raise InvalidEvent([Problem("events", f"must be at most {self.max_event_size} bytes together, not {size}")])

    def _in_batch(self, room: Room, epoch: str, place: int, event: NewEvent, sender: str) -> Draft:
        at = f"events[{place}]"
        try:
            if not room.definition(event.name).has_history:
                why = "has no history, so it cannot stand in a batch,"
                raise EventNotAllowed(room.id, event.name, room.names_with_history, why=why)
            return self.draft(room, epoch, event.name, event.data, sender, event.meta)
        except EventNotAllowed as error:
            error.details["path"] = f"{at}.event"
            raise
        except InvalidEvent as error:
            raise InvalidEvent([Problem(f"{at}.{each.path}", each.message) for each in error.problems]) from error

    def draft(
        self, room: Room, epoch: str, name: str, data: object, sender: str, meta: Mapping[str, object] | None
    ) -> Draft:
        """One event, alone or in a batch. Raises EventNotAllowed and InvalidEvent."""
        try:
            draft = room.admit(name, data, sender=sender, epoch=epoch, meta=meta)
        except SchemaFailed:
            logger.exception("the schema of %r failed in %r: the event is refused", name, room.id)
            raise
        if weight(draft) > self.max_event_size:
            problem = f"must be at most {self.max_event_size} bytes of JSON, not {len(draft.payload)}"
            raise InvalidEvent([Problem("data", problem)])
        if not draft.has_history and self.max_passing_size is not None and weight(draft) > self.max_passing_size:
            problem = f"must be at most {self.max_passing_size} bytes of JSON without history, not {len(draft.payload)}"
            raise InvalidEvent([Problem("data", problem)])
        if len(draft.payload) >= self.max_values:
            self._ensure_few_values(draft.payload)
        return draft

    def _ensure_few_values(self, payload: bytes) -> None:
        if may_hold_more_values(payload, self.max_values) and holds_more_values(decode(payload), self.max_values):
            raise InvalidEvent([Problem("data", f"must hold at most {self.max_values} values")])
