"""The port that remembers how far users have read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

MAX_UNREAD = 1_000
"""Where counting stops: nobody reads a badge that says more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How far a user has read in a room, and how many events of others came after that, at most MAX_UNREAD."""

    seq: int
    unread: int


class ReadMarks(Protocol):
    """Remembers one mark for each user and room, and counts what lies behind it.

    *Unread* are the events with a larger seq than the mark that others have published and a reader can still get: what
    retention took, or what belongs to an earlier life of the room, is not counted. Neither are events of the system,
    whose names begin with `dialogue.`. The count is exact at one moment of the storage, stops at MAX_UNREAD, and costs
    about two seeks for each stream of the room, however many events there are; of thousands of the user's own after the
    mark a storage may look at the first ones alone, and then counts those of others among these. A mark beyond the
    head, of a tail that was lost, counts as the head, and one below the floor as the floor.

    A room's marks end with its life: those at its floor or below are no marks any more, and a sweep removes them. All
    methods raise Unavailable.
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
