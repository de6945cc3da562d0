"""Every storage that ships, as something that outlives the nodes that run over it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from dialogue.adapters.memory.storage import MemoryStorage
from dialogue.adapters.memory.store import MemoryStore
from dialogue.adapters.sqlmodel.sqlite.database import SqliteDatabase, Synchronous
from dialogue.adapters.sqlmodel.sqlite.storage import SqliteStorage

from ..support.storage_parts import StorageParts
from .setting import KEY_TTL_MS


class LastingStorage(Protocol):
    """A storage that is opened for one node after the other.

    `begins_anew` says that a crash begins new epochs, because it may have taken what was answered for.
    """

    begins_anew: bool

    async def open(self) -> StorageParts:
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
        self._parts = StorageParts.of(MemoryStorage(MemoryStore(), KEY_TTL_MS / 1_000))

    async def open(self) -> StorageParts:
        return self._parts

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

    async def open(self) -> StorageParts:
        database = self._database = SqliteDatabase(self._url, synchronous=self.synchronous)
        await database.open()
        return StorageParts.of(SqliteStorage(database, KEY_TTL_MS / 1_000))

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
