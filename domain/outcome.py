"""What becomes of a draft."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import DialogueError
from .event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """Nothing new was kept: this had been done before, and then got this place and this time.

    Of a draft with a key it is the place of the event that was kept for the key first; of a redaction it is the place
    of the event that was blank already.
    """

    seq: int
    timestamp_ms: int


Outcome = Event | Repeat | DialogueError
