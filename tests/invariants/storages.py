"""Every storage that ships, as something that outlives the nodes that run over it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

import psycopg

from dialogue.adapters.memory.storage import MemoryStorage
from dialogue.adapters.memory.store import MemoryStore
from dialogue.adapters.own_storage.storage import OwnStorage
from dialogue.adapters.own_storage.storage_hooks import StorageHooks
from dialogue.adapters.own_storage.store import OwnStore
from dialogue.adapters.sqlmodel.postgresql.database import PostgresqlDatabase
from dialogue.adapters.sqlmodel.postgresql.engine import PostgresqlSettings
from dialogue.adapters.sqlmodel.postgresql.storage import PostgresqlStorage
from dialogue.adapters.sqlmodel.sqlite.database import SqliteDatabase, Synchronous
from dialogue.adapters.sqlmodel.sqlite.storage import SqliteStorage
from dialogue.adapters.threads.daemon_threads import DaemonThreads
from dialogue.application.hooks.run_hook import RunHook
from dialogue.application.rooms.buffer_budget import BufferBudget

from ..support.shared_postgresql import database_with_tables
from ..support.shelf import Shelf
from ..support.storage_parts import StorageParts
from .setting import KEY_TTL_MS, Setting

END_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


class LastingStorage(Protocol):
    """A storage that is opened for one node after the other.

    `begins_anew` says that a crash begins new epochs, because it may have taken what was answered for, and `is_ours`
    that all it holds is Dialogue's to trim and to blank.
    """

    begins_anew: bool
    is_ours: bool

    def running(self, setting: Setting) -> AbstractAsyncContextManager[None]:
        """It lasts as long as this, over all nodes."""
        ...

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
    is_ours = True

    def __init__(self, _folder: Path) -> None:
        self._parts = StorageParts.of(MemoryStorage(MemoryStore(), KEY_TTL_MS / 1_000))

    @asynccontextmanager
    async def running(self, _setting: Setting) -> AsyncIterator[None]:
        yield

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
    is_ours = True

    def __init__(self, folder: Path) -> None:
        self._url = f"sqlite:///{folder}/chat.db"
        self._database: SqliteDatabase | None = None

    @asynccontextmanager
    async def running(self, _setting: Setting) -> AsyncIterator[None]:
        yield

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


class LastingPostgresql:
    """A database of the PostgreSQL that all tests share, opened by a new `PostgresqlDatabase` for each node."""

    begins_anew = False
    is_ours = True

    def __init__(self, _folder: Path) -> None:
        self._url = ""
        self._database: PostgresqlDatabase | None = None

    @asynccontextmanager
    async def running(self, _setting: Setting) -> AsyncIterator[None]:
        with database_with_tables() as self._url:
            yield

    async def open(self) -> StorageParts:
        database = self._database = PostgresqlDatabase(PostgresqlSettings(url=self._url))
        await database.open()
        return StorageParts.of(PostgresqlStorage(database, KEY_TTL_MS / 1_000))

    async def close(self) -> None:
        if self._database is not None:
            await self._database.close()

    async def crash(self) -> None:
        # The system does this for a process that is gone, and PostgreSQL then ends what is left of it.
        database, self._database = self._database, None
        assert database is not None
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(END_OTHERS)
        await database.close()


class LastingOwn:
    """The application's own: its hooks, and the positions in memory, outlive the node."""

    begins_anew = False
    is_ours = False

    def __init__(self, _folder: Path) -> None:
        self._parts: StorageParts | None = None

    @asynccontextmanager
    async def running(self, setting: Setting) -> AsyncIterator[None]:
        shelf = Shelf()
        store = OwnStore(
            StorageHooks(shelf.on_cleanup, shelf.on_load, RunHook(DaemonThreads(4), timeout_s=30)),
            lambda _: {name: stay.limit for name, stay in setting.stays.items()},
            BufferBudget(1 << 26),
            max_waiting=10_000,
            flush_timeout_s=30,
            key_ttl_s=KEY_TTL_MS / 1_000,
        )
        storage = OwnStorage(store)
        async with storage.running():
            self._parts = StorageParts.of(storage)
            yield

    async def open(self) -> StorageParts:
        assert self._parts is not None
        return self._parts

    async def close(self) -> None:
        pass

    async def crash(self) -> None:
        pass


STORAGES: dict[str, Callable[[Path], LastingStorage]] = {
    "memory": LastingMemory,
    "own": LastingOwn,
    "sqlite": LastingFile,
    "sqlite-unsafe": UnsafeFile,
    "postgresql": LastingPostgresql,
}
