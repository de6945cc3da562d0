"""The application's own storage, as one storage."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from .eviction_marks import OwnEvictionMarks
from .history_archive import MAX_ENDED_ROOMS, OwnHistoryArchive
from .history_source import OwnHistorySource
from .key_index import OwnKeyIndex
from .read_marks import OwnReadMarks
from .room_store import OwnRoomStore
from .store import OwnStore
from .user_events import OwnUserEvents


class OwnStorage:
    """`Storage` over a `OwnStore`: events go to the application's hooks, all else lasts as long as the process."""

    moves = None
    presence = None
    removals = None
    transactions = None

    def __init__(self, store: OwnStore, max_ended_rooms: int = MAX_ENDED_ROOMS) -> None:
        self._store = store
        self.archive = OwnHistoryArchive(store, max_ended_rooms)
        self.source = OwnHistorySource(store)
        self.keys = OwnKeyIndex(store)
        self.rooms = OwnRoomStore(store)
        self.read_marks = OwnReadMarks(store)
        self.read_floors = store.floors
        self.user_events = OwnUserEvents(store)
        self.eviction_marks = OwnEvictionMarks(store)

    def running(self) -> AbstractAsyncContextManager[None]:
        """See `Storage.running`."""
        return self._store.running()

    async def check(self) -> None:
        """See `Storage.check`."""
        await self._store.check()
