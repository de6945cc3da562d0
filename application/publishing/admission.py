"""What an event has to be like to get into a room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...domain.draft_group import DraftGroup
from ...domain.errors import InvalidEvent, Problem
from ...domain.json_value import MAX_VALUES, decode, holds_more_values, may_hold_more_values
from ...domain.page import weight
from ...domain.room import Room


@dataclass(frozen=True, slots=True)
class Admission:
    """Admits an event that its room allows, and that is not larger than others can be told of.

    `max_event_size` is in bytes, as `weight` counts them, and so is `max_passing_size`, for an event without history,
    which has to fit into a notice to the other nodes; `max_values` bounds the JSON values that its data holds.
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
        draft = room.admit(event_name, data, sender=sender, epoch=epoch, meta=meta)
        if weight(draft) > self.max_event_size:
            problem = f"must be at most {self.max_event_size} bytes of JSON, not {len(draft.payload)}"
            raise InvalidEvent([Problem("data", problem)])
        if not draft.has_history and self.max_passing_size is not None and weight(draft) > self.max_passing_size:
            problem = f"must be at most {self.max_passing_size} bytes of JSON without history, not {len(draft.payload)}"
            raise InvalidEvent([Problem("data", problem)])
        if may_hold_more_values(draft.payload, self.max_values) and holds_more_values(
            decode(draft.payload), self.max_values
        ):
            raise InvalidEvent([Problem("data", f"must hold at most {self.max_values} values")])
        return DraftGroup.of(draft, key=None if key is None else room.key(key, event_name, data, meta))
