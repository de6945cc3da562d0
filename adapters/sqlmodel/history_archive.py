"""The archive in a SQL database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from ...domain.draft_group import DraftGroup
from ...domain.errors import Unavailable
from ...domain.outcome import Appended
from ...domain.ports.history_archive import SpoiledBatch
from ...domain.position import Applied, RoomHead, StreamFloor
from ...domain.retention import Retention
from .batch import Batch
from .commit_outcome import write_again
from .database import Database
from .foreign_rows import ForeignRows
from .room_head import beginning, read_head, read_or_begin
from .sweep import forget_rooms, sweep_keys, sweep_rooms
from .tables import rooms
from .trim_stream import expired_to, trim

DAY_S = 86_400.0
MAX_ENDED_ROOMS = 100_000


class SqlHistoryArchive:
    """`WaitingArchive` over a `Database`: what it answered for is on the disk, as its `synchronous` says.

    Keys are kept for `key_ttl_s`, and of deleted rooms the epochs and heads of the last `max_ended_rooms`.
    """

    def __init__(self, database: Database, key_ttl_s: float = DAY_S, max_ended_rooms: int = MAX_ENDED_ROOMS) -> None:
        self._database = database
        self._key_ttl_ms = round(key_ttl_s * 1_000)
        self._max_ended_rooms = max_ended_rooms
        self._append = database.appender()
        self._begin = beginning(database.insert(rooms))
        self.foreign_rows = ForeignRows()

    async def open(self, room_id: str) -> RoomHead:
        """See `HistoryArchive.open`."""
        head = await self._database.read(lambda connection: read_head(connection, room_id))
        if head is None:
            head = await write_again(self._database, lambda connection: read_or_begin(connection, room_id, self._begin))
        return head

    async def append(
        self, groups: Sequence[DraftGroup], applied: Mapping[str, Applied], now_ms: int, *, waits: bool = False
    ) -> Sequence[Appended]:
        """See `WaitingArchive.append`."""
        if not groups and not applied:
            return []
        batch = Batch(groups=groups, applied=applied, now_ms=now_ms, key_ttl_ms=self._key_ttl_ms)
        try:
            return await self._append(batch, waits=waits)
        except SpoiledBatch as error:
            if len(groups) == 1 and isinstance(error.refusal, Unavailable):
                self.foreign_rows.note(groups[0].room_id, str(error))
            raise

    async def sweep(self, limit: int, now_ms: int) -> int:
        """See `HistoryArchive.sweep`."""

        def sweep(connection: Connection) -> int:
            removed = sweep_rooms(connection, limit) + sweep_keys(connection, limit, now_ms - self._key_ttl_ms)
            return removed or forget_rooms(connection, limit, self._max_ended_rooms)

        return await write_again(self._database, sweep)

    async def expired(
        self, room_id: str, name: str, retention: Retention, now_ms: int, limit: int
    ) -> StreamFloor | None:
        """See `HistoryArchive.expired`."""
        return await self._database.read(
            lambda connection: expired_to(connection, room_id, name, retention, now_ms=now_ms, limit=limit)
        )

    async def trim(self, room_id: str, name: str, floor: StreamFloor) -> None:
        """See `HistoryArchive.trim`."""
        await write_again(self._database, lambda connection: trim(connection, room_id, name, floor))
