"""Every storage that ships, and short ways to fill one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from dialogue.adapters.memory.storage import MemoryStorage
from dialogue.adapters.memory.store import MemoryStore
from dialogue.adapters.own_storage.storage import OwnStorage
from dialogue.adapters.own_storage.storage_hooks import StorageHooks
from dialogue.adapters.own_storage.store import OwnStore
from dialogue.adapters.sqlmodel.postgresql.database import PostgresqlDatabase
from dialogue.adapters.sqlmodel.postgresql.engine import PostgresqlSettings
from dialogue.adapters.sqlmodel.postgresql.storage import PostgresqlStorage
from dialogue.adapters.sqlmodel.sqlite.database import SqliteDatabase
from dialogue.adapters.sqlmodel.sqlite.storage import SqliteStorage
from dialogue.adapters.threads.daemon_threads import DaemonThreads
from dialogue.application.hooks.run_hook import RunHook
from dialogue.application.rooms.buffer_budget import BufferBudget
from dialogue.domain.draft import Draft
from dialogue.domain.draft_group import DraftGroup
from dialogue.domain.event import Event
from dialogue.domain.idempotency_key import IdempotencyKey
from dialogue.domain.outcome import Outcome
from dialogue.domain.page import PageLimit
from dialogue.domain.ports import storage as ports
from dialogue.domain.redaction import Redaction

from ..support.appending import append
from ..support.shared_postgresql import database_with_tables, shared_pgbouncer, shared_postgresql
from ..support.shelf import Shelf

NAMES = (
    "message",
    "typing",
    "rare",
    "note",
    "other",
    "new",
    "a",
    "b",
    "dialogue",
    "dialogue.",
    "Dialogue.x",
    "dialoguex",
)
"""The names of events with history.

Nothing of another name gets past a room, and an own storage is told of them before, as it has to know how many of each
stay in memory.
"""
MANY_NAMES = tuple(f"name-{index}" for index in range(120))
"""Those of the room `wide`."""
LIMIT = 2
KEY_TTL_S = 10.0
MAX_ENDED_ROOMS = 20
AUTHOR = "author"
"""Who sends, where a test does not say who."""


class Storage:
    """A storage, and short ways to fill it."""

    def __init__(self, ports: ports.Storage, *, sweeps: bool = True) -> None:
        self._sweeps = sweeps
        self.ports = ports
        self.archive = ports.archive
        self.source = ports.source
        self.keys = ports.keys
        self.rooms = ports.rooms
        self.marks = ports.read_marks
        self.user_events = ports.user_events
        self.eviction_marks = ports.eviction_marks
        self.moves = ports.moves

    async def draft(
        self,
        room_id: str,
        name: str = "message",
        payload: bytes = b"{}",
        *,
        sender: str = AUTHOR,
    ) -> Draft:
        """A draft of the room's present life."""
        epoch = (await self.archive.open(room_id)).epoch
        return Draft(room_id=room_id, epoch=epoch, name=name, payload=payload, sender=sender)

    async def keyed(
        self, room_id: str, *payloads: bytes, key: str, name: str = "message", sender: str = "ada"
    ) -> DraftGroup:
        """A group with a key, of the room's present life."""
        drafts = [await self.draft(room_id, name, payload, sender=sender) for payload in payloads or (b"{}",)]
        used = IdempotencyKey.of(key, name, b",".join(payloads).decode(), None)
        return DraftGroup.of(*drafts, key=used)

    async def redact(self, room_id: str, seq: int, *, by: str = "mod", erases_sender: bool = False) -> Outcome:
        """Blank an event; what became of it."""
        epoch = (await self.archive.open(room_id)).epoch
        redaction = Redaction(seq=seq, by=by, erases_sender=erases_sender)
        return (await append(self.archive, [Draft.of_redaction(redaction, room_id, epoch)], 1_000))[0]

    async def all(self, room_id: str, names: Sequence[str] | None = None) -> list[Event]:
        """All events of the room that can be read, oldest first."""
        return await self.source.newer(room_id, names, 0, PageLimit(events=10_000))

    async def publish(
        self, room_id: str, *names: str, now_ms: int = 1_000, payload: bytes = b"{}", sender: str = AUTHOR
    ) -> list[Event]:
        """Keep one event of each name, in one batch."""
        return await self.append([await self.draft(room_id, name, payload, sender=sender) for name in names], now_ms)

    async def append(self, drafts: Sequence[Draft | DraftGroup], now_ms: int = 1_000) -> list[Event]:
        """Keep `drafts`, all of which must be kept."""
        outcomes = await append(self.archive, drafts, now_ms)
        kept = [outcome for outcome in outcomes if isinstance(outcome, Event)]
        assert len(kept) == len(drafts), outcomes
        return kept

    def rows(self, count: int) -> int:
        """How many of so many rows a sweep removes: none of an own storage, whose events are the application's."""
        return count if self._sweeps else 0

    async def sweep_all(self, bite: int = 100, now_ms: int = 1_000) -> int:
        """Sweep until nothing is left; how much there was."""
        total = 0
        while removed := await self.archive.sweep(bite, now_ms):
            total += removed
        return total


@asynccontextmanager
async def memory(_folder: Path) -> AsyncIterator[Storage]:
    """In memory."""
    storage = MemoryStorage(MemoryStore(), KEY_TTL_S, MAX_ENDED_ROOMS)
    async with storage.running():
        yield Storage(storage)


@asynccontextmanager
async def sqlite(folder: Path) -> AsyncIterator[Storage]:
    """A SQLite file."""
    storage = SqliteStorage(SqliteDatabase(f"sqlite:///{folder}/chat.db"), KEY_TTL_S, MAX_ENDED_ROOMS)
    async with storage.running():
        yield Storage(storage)


@asynccontextmanager
async def postgresql(_folder: Path) -> AsyncIterator[Storage]:
    """A database of the PostgreSQL that all tests share."""
    with database_with_tables() as url:
        storage = PostgresqlStorage(PostgresqlDatabase(PostgresqlSettings(url=url)), KEY_TTL_S, MAX_ENDED_ROOMS)
        async with storage.running():
            yield Storage(storage)


@asynccontextmanager
async def pooled(_folder: Path) -> AsyncIterator[Storage]:
    """A database of it, by way of a proxy that lends each transaction another connection."""
    with database_with_tables() as url:
        url = url.replace(f":{shared_postgresql().port}/", f":{shared_pgbouncer()}/")
        storage = PostgresqlStorage(PostgresqlDatabase(PostgresqlSettings(url=url)), KEY_TTL_S, MAX_ENDED_ROOMS)
        async with storage.running():
            yield Storage(storage)


@asynccontextmanager
async def own(_folder: Path) -> AsyncIterator[Storage]:
    """The application's own: of each stream two events stay in memory, and the others are handed over at once."""
    shelf = Shelf()
    hooks = StorageHooks(shelf.on_cleanup, shelf.on_load, RunHook(DaemonThreads(4), timeout_s=5))
    names = {"wide": MANY_NAMES}
    store = OwnStore(
        hooks,
        lambda room_id: dict.fromkeys(names.get(room_id, NAMES), LIMIT),
        BufferBudget(1 << 26),
        max_waiting=10_000,
        flush_timeout_s=5,
        key_ttl_s=KEY_TTL_S,
    )
    storage = OwnStorage(store, MAX_ENDED_ROOMS)
    async with storage.running():
        yield Storage(storage, sweeps=False)


STORAGES: dict[str, Callable[[Path], AbstractAsyncContextManager[Storage]]] = {
    "memory": memory,
    "sqlite": sqlite,
    "postgresql": postgresql,
    "own": own,
}


def over(*kinds: str) -> pytest.MarkDecorator:
    """A test of these storages alone; without it, it is one of all."""
    return pytest.mark.parametrize("storage", kinds, indirect=True)


OF_DIALOGUE = over("memory", "sqlite", "postgresql")
"""What an application's own storage does differently; `test_own_storage.py` says how."""


def seqs(events: Sequence[Event]) -> list[int | None]:
    """The events' places."""
    return [event.seq for event in events]
