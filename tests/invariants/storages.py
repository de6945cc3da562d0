"""Every storage that ships, as something that outlives the nodes that run over it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dialogue.adapters.memory.history_archive import MemoryHistoryArchive
from dialogue.adapters.memory.history_source import MemoryHistorySource
from dialogue.adapters.memory.room_store import MemoryRoomStore
from dialogue.adapters.memory.store import MemoryStore
from dialogue.adapters.memory.user_events import MemoryUserEvents
from dialogue.adapters.sqlmodel.history_archive import SqlHistoryArchive
from dialogue.adapters.sqlmodel.history_source import SqlHistorySource
from dialogue.adapters.sqlmodel.room_store import SqlRoomStore
from dialogue.adapters.sqlmodel.sqlite.database import SqliteDatabase, Synchronous
from dialogue.adapters.sqlmodel.user_events import SqlUserEvents
from dialogue.domain.ports.history_archive import HistoryArchive
from dialogue.domain.ports.history_source import HistorySource
from dialogue.domain.ports.room_store import RoomStore
from dialogue.domain.ports.user_events import UserEvents

from .setting import KEY_TTL_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """What a node needs of a storage."""

    archive: HistoryArchive
    source: HistorySource
    rooms: RoomStore
    user_events: UserEvents


class LastingStorage(Protocol):
    """A storage that is opened for one node after the other.

    `begins_anew` says that a crash begins new epochs, because it may have taken what was answered for.
    """

    begins_anew: bool

    async def open(self) -> Ports:
        """Open it for a node."""
        ...

    async def close(self) -> None:
        """Close it cleanly."""
        ...

    async def crash(self) -> None:
        """Leave it as a process does that is killed."""
        ...


class LastingMemory:
    """In memory: the adapters' objects outlive the node."""

    begins_anew = False

    def __init__(self, _folder: Path) -> None:
        self.store = MemoryStore()
        self._ports = Ports(
            archive=MemoryHistoryArchive(self.store, KEY_TTL_MS / 1_000),
            source=MemoryHistorySource(self.store),
            rooms=MemoryRoomStore(self.store),
            user_events=MemoryUserEvents(self.store),
        )

    async def open(self) -> Ports:
        return self._ports

    async def close(self) -> None:
        pass

    async def crash(self) -> None:
        pass


class LastingFile:
    """A SQLite file, opened by a new `SqliteDatabase` for each node."""

    synchronous: Synchronous = "FULL"
    begins_anew = False

    def __init__(self, folder: Path) -> None:
        self._url = f"sqlite:///{folder}/chat.db"
        self._database: SqliteDatabase | None = None

    async def open(self) -> Ports:
        database = self._database = SqliteDatabase(self._url, synchronous=self.synchronous)
        await database.open()
        return Ports(
            archive=SqlHistoryArchive(database, KEY_TTL_MS / 1_000),
            source=SqlHistorySource(database),
            rooms=SqlRoomStore(database),
            user_events=SqlUserEvents(database),
        )

    async def close(self) -> None:
        if self._database is not None:
            await self._database.close()

    async def crash(self) -> None:
        # The system does this for a process that is gone; what `close` writes is not written.
        database, self._database = self._database, None
        assert database is not None
        assert database._opened is not None
        database._opened.dispose()
        database._lock.release()


class UnsafeFile(LastingFile):
    """The same, less than durable: who was killed may have lost the newest, so every room begins a new epoch."""

    synchronous: Synchronous = "NORMAL"
    begins_anew = True


STORAGES: dict[str, Callable[[Path], LastingStorage]] = {
    "memory": LastingMemory,
    "sqlite": LastingFile,
    "sqlite-unsafe": UnsafeFile,
}
