"""The port that remembers how far users have read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How far a user has read in a room, and how many events came after that."""

    seq: int
    unread: int


class ReadMarks(Protocol):
    """Remembers one mark for each user and room, and counts what lies behind it.

    *Unread* are the events with a larger seq than the mark that a reader can still get: what retention took, or what
    belongs to an earlier life of the room, is not counted. Neither are events of the system, whose names begin with
    `dialogue.`. The count is exact at one moment of the storage, and costs about one seek for each stream of the room,
    however many events there are. A mark beyond the head, of a tail that was lost, counts as the head. All methods
    raise Unavailable.
    """

    async def mark(self, user_id: str, room_id: str, seq: int) -> Mark:
        """Remember that the user has read all up to `seq`; what is in force then.

        A mark never moves back: where the one there is is larger, it stays. What was answered for survives a kill of
        the process, as far as the adapter says that it keeps anything at all. Of several calls for one user the answers
        never go back either. A room that was never opened has the head 0.
        """
        ...

    async def unread(self, user_id: str, room_ids: Sequence[str]) -> Mapping[str, int]:
        """How many events are unread in each of these rooms in which the user has a mark; the others are left out."""
        ...

    async def forget(self, user_id: str) -> int:
        """Remove all marks of the user; how many there were.

        Many are removed in several bites: where it fails half way, some are gone, and calling again removes the rest.
        """
        ...
