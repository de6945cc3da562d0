"""The port that remembers from where on users may read."""

from __future__ import annotations

from typing import Protocol


class ReadFloors(Protocol):
    """Remembers one floor for each user in one life of a room: the user reads what has a larger seq, and nothing else.

    A floor stays where it was first put until it is forgotten. With a room's life its floors end: those of an earlier
    epoch are none, and a sweep removes them. All methods raise Unavailable.
    """

    async def get(self, user_id: str, room_id: str, epoch: str) -> int | None:
        """The user's floor in that life of the room; None where there is none."""
        ...

    async def put(self, user_id: str, room_id: str, epoch: str, seq: int, most: int) -> int | None:
        """Put the user's floor at `seq`, where there is none yet; the one in force then.

        None, and nothing is put, where the room has `most` of them already. Of several that put at once none gets far
        past that. What was answered for survives a kill of the process, as far as the adapter keeps anything at all.
        """
        ...

    async def forget(self, user_id: str, room_id: str | None = None) -> int:
        """Remove the user's floor in a room, or (None) in all rooms; how many there were."""
        ...
