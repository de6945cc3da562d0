"""One SQLite file, as one storage."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from ..eviction_marks import SqlEvictionMarks
from ..history_archive import DAY_S, MAX_ENDED_ROOMS, SqlHistoryArchive
from ..history_source import SqlHistorySource
from ..key_index import SqlKeyIndex
from ..read_floors import SqlReadFloors
from ..read_marks import SqlReadMarks
from ..room_store import SqlRoomStore
from ..user_events import SqlUserEvents
from .database import SqliteDatabase


class SqliteStorage:
    """`Storage` over a `SqliteDatabase`: what is kept outlives the process, and a key is remembered for `key_ttl_s`."""

    moves = None
    presence = None
    removals = None
    transactions = None

    def __init__(
        self, database: SqliteDatabase, key_ttl_s: float = DAY_S, max_ended_rooms: int = MAX_ENDED_ROOMS
    ) -> None:
        self._database = database
        self.archive = SqlHistoryArchive(database, key_ttl_s, max_ended_rooms)
        self.source = SqlHistorySource(database)
        self.keys = SqlKeyIndex(database, key_ttl_s)
        self.rooms = SqlRoomStore(database)
        self.read_marks = SqlReadMarks(database)
        self.read_floors = SqlReadFloors(database)
        self.user_events = SqlUserEvents(database)
        self.eviction_marks = SqlEvictionMarks(database)

    def running(self) -> AbstractAsyncContextManager[None]:
        """See `Storage.running`."""
        return self._database.running()

    async def check(self) -> None:
        """See `Storage.check`."""
        await self._database.check(self.archive.foreign_rows.ensure_gone)
