"""The port that finds what one user has sent, for erasing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class SentEvents:
    """Places of events that a user has sent: `(room_id, seq)`.

    `cursor` is where to go on, None at the end. `scanned` of `total` tells how far the search is, for people.
    """

    places: Sequence[tuple[str, int]]
    cursor: str | None
    scanned: int
    total: int


class UserEvents(Protocol):
    """Finds a user's events over all rooms, in bites."""

    async def sent_by(self, user_id: str, cursor: str, limit: int) -> SentEvents:
        """The places of at most `limit` events that name `user_id` as their sender, those of redactions included.

        Events of earlier lives of their rooms are left out: nobody can read them.

        Begin with an empty text and go on with the answer's cursor; a bite may hold none, and there may be more all the
        same. Raises Unavailable.
        """
        ...
