"""A storage put together from parts, so that a test can take one of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from dialogue.domain.ports.eviction_marks import EvictionMarks
from dialogue.domain.ports.history_archive import HistoryArchive
from dialogue.domain.ports.history_source import HistorySource
from dialogue.domain.ports.key_index import KeyIndex
from dialogue.domain.ports.presence import Presence
from dialogue.domain.ports.read_floors import ReadFloors
from dialogue.domain.ports.read_marks import ReadMarks
from dialogue.domain.ports.removals import Removals
from dialogue.domain.ports.room_moves import RoomMoves
from dialogue.domain.ports.room_store import RoomStore
from dialogue.domain.ports.storage import Storage
from dialogue.domain.ports.transaction_archive import TransactionArchive
from dialogue.domain.ports.user_events import UserEvents


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageParts:
    """`Storage`, already open; `replace` puts another part into it."""

    archive: HistoryArchive
    source: HistorySource
    keys: KeyIndex
    rooms: RoomStore
    read_marks: ReadMarks
    read_floors: ReadFloors
    user_events: UserEvents
    eviction_marks: EvictionMarks
    moves: RoomMoves | None
    presence: Presence | None
    removals: Removals | None
    transactions: TransactionArchive | None

    @classmethod
    def of(cls, storage: Storage) -> StorageParts:
        """The parts of `storage`."""
        return cls(
            archive=storage.archive,
            source=storage.source,
            keys=storage.keys,
            rooms=storage.rooms,
            read_marks=storage.read_marks,
            read_floors=storage.read_floors,
            user_events=storage.user_events,
            eviction_marks=storage.eviction_marks,
            moves=storage.moves,
            presence=storage.presence,
            removals=storage.removals,
            transactions=storage.transactions,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Whoever made the parts opens and closes them."""
        yield

    async def check(self) -> None:
        """Something can be kept."""
