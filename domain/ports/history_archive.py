"""The port through which events are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..errors import DialogueError
from ..event import Draft, Event
from ..position import RoomHead


class HistoryArchive(Protocol):
    """Keeps events and gives them their places.

    One journal writes at a time. What `append` answered for survives a kill of the process at any later moment, as far
    as the adapter says that it keeps anything at all.
    """

    async def open(self, room_id: str) -> RoomHead:
        """How far the room's history reaches; a room never seen before gets its first epoch here.

        May be called again at any time. Raises Unavailable.
        """
        ...

    async def append(self, drafts: Sequence[Draft], now_ms: int) -> list[Event | DialogueError]:
        """Keep `drafts` in one transaction; the outcome of each, in the same order.

        All drafts have history. A kept one is an Event with the room's next seq, its stream's next event seq, and
        `now_ms` as timestamp, or the room's last one where that is later. A draft whose epoch is not the room's own is
        RoomNotFound, one that the storage could not give back as it is is InvalidEvent; neither takes a number, and
        neither harms the others. Nothing is visible to any reader before all is kept.

        Raises Unavailable: then nothing of the batch is kept, and never will be.
        """
        ...

    async def sweep(self, limit: int) -> int:
        """Remove up to `limit` events of earlier lives of rooms; how many were removed: 0 means that none is left.

        Safe at any time; never touches what a reader may see. Raises Unavailable.
        """
        ...
