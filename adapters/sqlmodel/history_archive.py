"""The archive in a SQL database."""

from __future__ import annotations

from collections.abc import Sequence

from ...domain.errors import DialogueError
from ...domain.event import Draft, Event
from ...domain.position import RoomHead
from .append_batch import AppendBatch
from .database import Database
from .room_head import read_head, read_or_begin
from .sweep_rooms import sweep_rooms


class SqlHistoryArchive:
    """`HistoryArchive` over a `Database`: what it answered for is on the disk, as its `synchronous` says."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, room_id: str) -> RoomHead:
        """See `HistoryArchive.open`."""
        head = await self._database.read(lambda connection: read_head(connection, room_id))
        if head is None:
            head = await self._database.write(lambda connection: read_or_begin(connection, room_id))
        return head

    async def append(self, drafts: Sequence[Draft], now_ms: int) -> list[Event | DialogueError]:
        """See `HistoryArchive.append`."""
        if not drafts:
            return []
        return await self._database.write(AppendBatch(drafts, now_ms))

    async def sweep(self, limit: int) -> int:
        """See `HistoryArchive.sweep`."""
        return await self._database.write(lambda connection: sweep_rooms(connection, limit))
