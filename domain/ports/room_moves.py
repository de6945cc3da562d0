"""The port that tells a node what others have done to its rooms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from .removals import Removal


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomMove:
    """Where a room is now, as the storage holds it.

    Places in the history are compared by `epoch`, `head` and `stamp` together: a head says nothing across epochs.
    `stamp` grows with each change to what was there before: a floor that moved, a sender forgotten, a new epoch. An
    append of its own accord leaves it as it is. `is_made` says that the room was made at run time and not deleted
    since; `RoomStore.find` has its definition.
    """

    room_id: str
    epoch: str
    head: int
    floor: int
    stamp: int
    is_made: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """The rooms that moved, each once, in no order, and the cursor from which to go on.

    Where it is not complete the storage cannot tell what happened since the cursor (it was restored, wiped, promoted,
    or the cursor was None): `rooms` is empty, and whoever asks has to look at every room that he knows, by `at` and
    `RoomStore.rooms`. `removals` are those that were added since, oldest first, each once; where it is not complete
    they are those since the time of the cursor, some maybe once more.
    """

    cursor: str
    rooms: Sequence[RoomMove]
    removals: Sequence[Removal] = ()
    is_complete: bool = True


class RoomMoves(Protocol):
    """Tells which rooms moved, whoever moved them. All methods raise Unavailable.

    A room moves with each change of its epoch, its head, its stamp, and of whether it is made. That it is opened for
    the first time may count as a move.
    """

    async def moved(self, since: str | None) -> Moves:
        """The rooms of which something became visible since `moved` gave the cursor `since`, as they are now.

        Exactly those whose change was not visible then, also where it had begun before and was committed after; nothing
        is told again. What is committed while this is asked is in this answer or in the next. One indexed query for all
        rooms. Of a deleted room that the storage has forgotten meanwhile nothing is told any more.
        """
        ...

    async def at(self, room_ids: Sequence[str]) -> Sequence[RoomMove]:
        """Where each of these rooms is now, in no order; those that were never seen, or are forgotten, are left out."""
        ...
