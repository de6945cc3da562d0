"""Taking the content of an event away, as an event of its own (`protocol.md`, "Redaction").

The place of the redacted event stays: it is a *tombstone*, so that no sequence gets a hole. That it was blanked is told
by an event named `dialogue.redacted`, which every member receives.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from . import json_value
from .event import Event
from .names import REDACTED

ERASED = "erased"
"""The sender of events whose user was erased."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redaction:
    """That the event at `seq` is blanked, on whose behalf, and whether its sender is to be forgotten too."""

    seq: int
    by: str
    erases_sender: bool = False

    @classmethod
    def told_by(cls, event: Event) -> Redaction:
        """What an event of the name `dialogue.redacted` tells."""
        data = event.data
        return cls(seq=data["seq"], by=data["by"], erases_sender=data.get("erased", False))

    @property
    def data(self) -> dict[str, object]:
        """What the event that tells it has as its data."""
        data: dict[str, object] = {"seq": self.seq, "by": self.by}
        return data | {"erased": True} if self.erases_sender else data

    def blank(self, event: Event) -> Event:
        """The tombstone of `event`."""
        sender = ERASED if self.erases_sender else event.sender
        return replace(event, payload=b"null", meta=None, is_redacted=True, sender=sender)


def names_somebody(event: Event) -> bool:
    """Whether `event` was taken away, or tells that one was, and still names the user who did it or had sent it."""
    return (event.is_redacted or event.name == REDACTED) and event.sender != ERASED


def without_sender(event: Event) -> Event:
    """A tombstone, or an event that tells a redaction, without the user that it names."""
    if event.name != REDACTED:
        return replace(event, sender=ERASED)
    told = replace(Redaction.told_by(event), by=ERASED)
    return replace(event, sender=ERASED, payload=json_value.encode(told.data))
