"""One PostgreSQL database, as one storage."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from ..eviction_marks import SqlEvictionMarks
from ..history_archive import DAY_S, MAX_ENDED_ROOMS, SqlHistoryArchive
from ..key_index import SqlKeyIndex
from ..read_floors import SqlReadFloors
from ..read_marks import SqlReadMarks
from ..room_store import SqlRoomStore
from ..user_events import SqlUserEvents
from .database import PostgresqlDatabase
from .history_source import PostgresqlHistorySource
from .presence import PostgresqlPresence
from .removals import PostgresqlRemovals
from .room_moves import PostgresqlRoomMoves
from .transaction_archive import PostgresqlTransactionArchive


class PostgresqlStorage:
    """`Storage` over a `PostgresqlDatabase`: it outlives the process, and a key is remembered for `key_ttl_s`."""

    def __init__(
        self, database: PostgresqlDatabase, key_ttl_s: float = DAY_S, max_ended_rooms: int = MAX_ENDED_ROOMS
    ) -> None:
        self._database = database
        self.archive = SqlHistoryArchive(database, key_ttl_s, max_ended_rooms)
        self.source = PostgresqlHistorySource(database)
        self.keys = SqlKeyIndex(database, key_ttl_s)
        self.rooms = SqlRoomStore(database)
        self.read_marks = SqlReadMarks(database)
        self.read_floors = SqlReadFloors(database)
        self.user_events = SqlUserEvents(database)
        self.eviction_marks = SqlEvictionMarks(database)
        self.moves = PostgresqlRoomMoves(database)
        self.presence = PostgresqlPresence(database)
        self.removals = PostgresqlRemovals(database)
        self.transactions = PostgresqlTransactionArchive(database, key_ttl_s)

    def running(self) -> AbstractAsyncContextManager[None]:
        """See `Storage.running`."""
        return self._database.running()

    async def check(self) -> None:
        """See `Storage.check`."""
        await self._database.check(self.archive.foreign_rows.ensure_gone)
