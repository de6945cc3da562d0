"""Everything in memory, as one storage."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from .eviction_marks import MemoryEvictionMarks
from .history_archive import DAY_S, MAX_ENDED_ROOMS, MemoryHistoryArchive
from .history_source import MemoryHistorySource
from .key_index import MemoryKeyIndex
from .read_marks import MemoryReadMarks
from .removals import MemoryRemovals
from .room_moves import MemoryRoomMoves
from .room_store import MemoryRoomStore
from .store import MemoryStore
from .user_events import MemoryUserEvents


class MemoryStorage:
    """`Storage` over a `MemoryStore`: what is kept lives as long as that does, and a key for `key_ttl_s`."""

    transactions = None

    def __init__(self, store: MemoryStore, key_ttl_s: float = DAY_S, max_ended_rooms: int = MAX_ENDED_ROOMS) -> None:
        self.archive = MemoryHistoryArchive(store, key_ttl_s, max_ended_rooms)
        self.source = MemoryHistorySource(store)
        self.keys = MemoryKeyIndex(self.archive.keys)
        self.rooms = MemoryRoomStore(store)
        self.read_marks = MemoryReadMarks(store)
        self.read_floors = store.floors
        self.user_events = MemoryUserEvents(store)
        self.eviction_marks = MemoryEvictionMarks(store)
        self.moves = MemoryRoomMoves(store)
        self.presence = store.presence
        self.removals = MemoryRemovals(store)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Nothing is to be opened or closed."""
        yield

    async def check(self) -> None:
        """Memory can always keep something."""
