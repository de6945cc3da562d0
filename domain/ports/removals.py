"""The port through which a user is removed on all nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """A user is to be taken out of a room; where that is None all connections end. The `reason` is for people."""

    user_id: str
    room_id: str | None = None
    reason: str = ""


class Removals(Protocol):
    """Tells every node of a removal, with the next answer that it gets of `RoomMoves.moved`."""

    async def add(self, removal: Removal) -> None:
        """Have the nodes remove the user. It is remembered for a day, and told to each node once. Raises Unavailable.

        A node that has asked nothing for longer may never hear of it; neither does one that starts later.
        """
        ...
