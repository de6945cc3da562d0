"""What becomes of a draft, and of a group of drafts."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import DialogueError
from .event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """Nothing new was kept: this had been done before, and then got this place and this time.

    Of a group with a key it is the place of the first event that was kept for the key before; those behind it followed
    without a gap. Of a redaction it is the place of the event that was blank already.
    """

    seq: int
    timestamp_ms: int


@dataclass(frozen=True, slots=True)
class Held:
    """Nothing became of it yet: somebody else has locked its room.

    An archive says so to the journal, which waits for the lock; it is never an answer to anybody. Rooms with the same
    `by`, where that is known, are locked by one transaction, and are let go together.
    """

    by: str | None = None


class OutcomeUnknown(DialogueError):
    """Whether a group was kept could not be found out; never an answer, it ends the connection with 1011."""

    code = "INTERNAL"

    def __init__(self) -> None:
        super().__init__("Whether the event was kept could not be found out")


Outcome = Event | Repeat | DialogueError
GroupOutcome = tuple[Event, ...] | Repeat | DialogueError
"""An event for each draft, in their order; or what became of them all."""
Appended = GroupOutcome | Held
"""What an archive says of a group."""


def of_one(outcome: GroupOutcome) -> Outcome:
    """The outcome of a group's only draft, or of its first."""
    return outcome[0] if isinstance(outcome, tuple) else outcome
