"""Every storage that ships, behind the four ports, and short ways to fill one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from dialogue.adapters.memory.history_archive import MemoryHistoryArchive
from dialogue.adapters.memory.history_source import MemoryHistorySource
from dialogue.adapters.memory.read_marks import MemoryReadMarks
from dialogue.adapters.memory.room_store import MemoryRoomStore
from dialogue.adapters.memory.store import MemoryStore
from dialogue.adapters.memory.user_events import MemoryUserEvents
from dialogue.adapters.sqlmodel.history_archive import SqlHistoryArchive
from dialogue.adapters.sqlmodel.history_source import SqlHistorySource
from dialogue.adapters.sqlmodel.read_marks import SqlReadMarks
from dialogue.adapters.sqlmodel.room_store import SqlRoomStore
from dialogue.adapters.sqlmodel.sqlite.database import SqliteDatabase
from dialogue.adapters.sqlmodel.user_events import SqlUserEvents
from dialogue.domain.draft import Draft
from dialogue.domain.event import Event
from dialogue.domain.idempotency_key import IdempotencyKey
from dialogue.domain.outcome import Outcome
from dialogue.domain.page import PageLimit
from dialogue.domain.ports.history_archive import HistoryArchive
from dialogue.domain.ports.history_source import HistorySource
from dialogue.domain.ports.read_marks import ReadMarks
from dialogue.domain.ports.room_store import RoomStore
from dialogue.domain.ports.user_events import UserEvents
from dialogue.domain.redaction import Redaction

KEY_TTL_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """The four ports over one storage."""

    archive: HistoryArchive
    source: HistorySource
    rooms: RoomStore
    marks: ReadMarks
    user_events: UserEvents

    async def draft(
        self,
        room_id: str,
        name: str = "message",
        payload: bytes = b"{}",
        *,
        sender: str = "ada",
        key: str | None = None,
    ) -> Draft:
        """A draft of the room's present life."""
        epoch = (await self.archive.open(room_id)).epoch
        used = None if key is None else IdempotencyKey.of(key, name, payload.decode(), None)
        return Draft(room_id=room_id, epoch=epoch, name=name, payload=payload, sender=sender, key=used)

    async def redact(self, room_id: str, seq: int, *, by: str = "mod", erases_sender: bool = False) -> Outcome:
        """Blank an event; what became of it."""
        epoch = (await self.archive.open(room_id)).epoch
        redaction = Redaction(seq=seq, by=by, erases_sender=erases_sender)
        return (await self.archive.append([Draft.of_redaction(redaction, room_id, epoch)], 1_000))[0]

    async def all(self, room_id: str, names: Sequence[str] | None = None) -> list[Event]:
        """All events of the room that can be read, oldest first."""
        return await self.source.newer(room_id, names, 0, PageLimit(events=10_000))

    async def publish(self, room_id: str, *names: str, now_ms: int = 1_000, payload: bytes = b"{}") -> list[Event]:
        """Keep one event of each name, in one batch."""
        return await self.append([await self.draft(room_id, name, payload) for name in names], now_ms)

    async def append(self, drafts: Sequence[Draft], now_ms: int = 1_000) -> list[Event]:
        """Keep `drafts`, all of which must be kept."""
        outcomes = await self.archive.append(drafts, now_ms)
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
    store = MemoryStore()
    yield Storage(
        archive=MemoryHistoryArchive(store, key_ttl_s=KEY_TTL_S),
        source=MemoryHistorySource(store),
        rooms=MemoryRoomStore(store),
        user_events=MemoryUserEvents(store),
        marks=MemoryReadMarks(store),
    )


@asynccontextmanager
async def sqlite(folder: Path) -> AsyncIterator[Storage]:
    """A SQLite file."""
    database = SqliteDatabase(f"sqlite:///{folder}/chat.db")
    await database.open()
    try:
        yield Storage(
            archive=SqlHistoryArchive(database, key_ttl_s=KEY_TTL_S),
            source=SqlHistorySource(database),
            rooms=SqlRoomStore(database),
            user_events=SqlUserEvents(database),
            marks=SqlReadMarks(database),
        )
    finally:
        await database.close()


STORAGES: dict[str, Callable[[Path], AbstractAsyncContextManager[Storage]]] = {"memory": memory, "sqlite": sqlite}


def seqs(events: Sequence[Event]) -> list[int | None]:
    """The events' places."""
    return [event.seq for event in events]
