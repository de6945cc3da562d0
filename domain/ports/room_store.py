"""The port that remembers the rooms made at run time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ..room_limits import RoomLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRoom:
    """All that re-creates a room made at run time, but its event definitions, which are the application's code.

    `event_names` are names of definitions; None means all that the application offers.
    """

    id: str
    name: str
    description: str | None = None
    max_size: int | None = None
    event_names: tuple[str, ...] | None = None
    created_by_id: str | None = None


class RoomStore(Protocol):
    """Remembers rooms made at run time, and ends their lives. All methods raise Unavailable."""

    async def rooms(self) -> Sequence[StoredRoom]:
        """Every room that was created and not deleted, in order of id."""
        ...

    async def find(self, room_id: str) -> StoredRoom | None:
        """The room of that id, where it was created and not deleted; None for any other."""
        ...

    async def create(self, room: StoredRoom, limits: RoomLimits | None = None) -> None:
        """Remember `room`, where with it there are no more rooms than `limits` allow (None: as many as one likes).

        Every room counts that was created and not deleted, by whichever node. The limits hold also where many are
        created at the same moment, on several nodes. Raises RoomExists where one of this id was created and not
        deleted, and Forbidden where there are as many as are allowed.
        """
        ...

    async def delete(self, room_id: str) -> None:
        """End the room's life: its history gets a new epoch, and a floor at its head, at once.

        No reader sees an event of the old life from then on, and `append` refuses drafts of it; the rows themselves go
        in later sweeps. Seqs go on from the old head; event seqs too, or begin anew once a sweep has removed the old
        life, with all that is told of its streams and marks. Also a room that was opened and never
        created here ends its life; deleting one that was never seen does nothing.
        """
        ...
