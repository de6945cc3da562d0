"""Every storage that ships, and short ways to fill one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from dialogue.adapters.memory.storage import MemoryStorage
from dialogue.adapters.memory.store import MemoryStore
from dialogue.adapters.sqlmodel.sqlite.database import SqliteDatabase
from dialogue.adapters.sqlmodel.sqlite.storage import SqliteStorage
from dialogue.domain.draft import Draft
from dialogue.domain.draft_group import DraftGroup
from dialogue.domain.event import Event
from dialogue.domain.idempotency_key import IdempotencyKey
from dialogue.domain.outcome import Outcome
from dialogue.domain.page import PageLimit
from dialogue.domain.ports import storage as ports
from dialogue.domain.redaction import Redaction

from ..support.appending import append

KEY_TTL_S = 10.0
MAX_ENDED_ROOMS = 20
AUTHOR = "author"
"""Who sends, where a test does not say who."""


class Storage:
    """A storage, and short ways to fill it."""

    def __init__(self, ports: ports.Storage) -> None:
        self.archive = ports.archive
        self.source = ports.source
        self.rooms = ports.rooms
        self.marks = ports.read_marks
        self.user_events = ports.user_events
        self.eviction_marks = ports.eviction_marks

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


STORAGES: dict[str, Callable[[Path], AbstractAsyncContextManager[Storage]]] = {"memory": memory, "sqlite": sqlite}


def seqs(events: Sequence[Event]) -> list[int | None]:
    """The events' places."""
    return [event.seq for event in events]
