"""The events that a batch's redactions blank."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ...domain import json_value
from ...domain.errors import PositionUnknown
from ...domain.names import REDACTED
from ...domain.outcome import Repeat
from ...domain.redaction import ERASED, Redaction
from .batch import KnownRoom, Place, Target, Tombstone


class Tombstones:
    """What the redactions of a batch make of their targets; each event is blanked once."""

    def __init__(self, targets: Mapping[Place, Target]) -> None:
        self._targets = targets
        self.made: dict[Place, Tombstone] = {}

    def outcome(self, room_id: str, room: KnownRoom, redaction: Redaction) -> Repeat | PositionUnknown | None:
        """Blank the event; what becomes of the draft where there is nothing to blank, or it is blank already."""
        place = (room_id, redaction.seq)
        target = self._targets.get(place)
        if target is not None and target.name == REDACTED and redaction.erases_sender:
            self.made[place] = Tombstone(_without_redactor(target), ERASED)
            return Repeat(seq=redaction.seq, timestamp_ms=target.timestamp_ms)
        if target is None or target.name == REDACTED or redaction.seq <= room.floor:
            why = f"There is no event at seq {redaction.seq} that could be redacted"
            return PositionUnknown(why, epoch=room.row.epoch, floor=room.floor, head=room.row.head)
        is_blank = target.is_blank or place in self.made
        if redaction.erases_sender:
            self.made[place] = Tombstone(None, ERASED)
        elif not is_blank:
            self.made[place] = Tombstone(None, None)
        return Repeat(seq=redaction.seq, timestamp_ms=target.timestamp_ms) if is_blank else None


def _without_redactor(target: Target) -> bytes:
    assert target.payload is not None, "an event that tells a redaction has a payload"
    return json_value.encode({**json.loads(target.payload), "by": ERASED})
