"""What is to happen in a room: an event that has no place yet."""

from __future__ import annotations

from dataclasses import dataclass, fields

from . import json_value
from .event import Event, make_event
from .names import REDACTED
from .redaction import Redaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An event that a room has admitted and that has no place yet.

    `epoch` is the life of the room that admitted it: an archive refuses it in another. `payload` and `meta` are JSON in
    UTF-8, as validation gave them back. `has_history` says whether it is to be kept. With a `redaction` the event that
    this names is blanked when it is kept.
    """

    room_id: str
    epoch: str
    name: str
    payload: bytes
    sender: str
    meta: bytes | None = None
    has_history: bool = True
    redaction: Redaction | None = None

    def kept(self, *, timestamp_ms: int, seq: int | None = None, event_seq: int | None = None) -> Event:
        """The event that this became, with its time and, where it has history, its places."""
        return make_event(
            self.room_id,
            self.name,
            self.payload,
            self.sender,
            timestamp_ms,
            seq,
            event_seq,
            self.meta,
            False,
            self.epoch,
        )

    @classmethod
    def of_redaction(cls, redaction: Redaction, room_id: str, epoch: str) -> Draft:
        """The draft of the event that tells `redaction`."""
        return cls(
            room_id=room_id,
            epoch=epoch,
            name=REDACTED,
            payload=json_value.encode(redaction.data),
            sender=redaction.by,
            redaction=redaction,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftByPattern(Draft):
    """A draft whose name has no definition of its own: it may be the first of its name where the room's history has
    fewer than `max_names` names."""

    max_names: int

    @classmethod
    def of(cls, draft: Draft, max_names: int) -> DraftByPattern:
        """`draft`, whose name goes by a pattern."""
        return cls(**{each.name: getattr(draft, each.name) for each in fields(draft)}, max_names=max_names)
