"""Where the history is kept: one of four storages, and its parts."""

from __future__ import annotations

from ...adapters.memory.storage import MemoryStorage
from ...adapters.memory.store import MemoryStore
from ...adapters.own_storage.storage import OwnStorage
from ...adapters.own_storage.storage_hooks import StorageHooks
from ...adapters.own_storage.store import OwnStore
from ...adapters.sqlmodel.postgresql.url import is_postgresql
from ...adapters.sqlmodel.sqlite.storage import SqliteStorage
from ...application.hooks.hooks import OnCleanup
from ...application.reading.counted_source import CountedSource
from ...application.rooms.buffer_budget import BufferBudget
from ...domain.ports.eviction_marks import EvictionMarks
from ...domain.ports.history_archive import HistoryArchive
from ...domain.ports.history_source import HistorySource
from ...domain.ports.key_index import KeyIndex
from ...domain.ports.presence import Presence
from ...domain.ports.read_floors import ReadFloors
from ...domain.ports.read_marks import ReadMarks
from ...domain.ports.removals import Removals
from ...domain.ports.room_moves import RoomMoves
from ...domain.ports.room_store import RoomStore
from ...domain.ports.storage import Storage
from ...domain.ports.transaction_archive import TransactionArchive
from ...domain.ports.user_events import UserEvents
from ..app_config import AppConfig
from ..databases import postgresql_database, postgresql_storage, sqlite_database
from ..settings.settings import Settings
from .inputs import Inputs
from .part import Chosen, Derived, Part, Single

HOOKS = "hooks"
POSTGRESQL = "postgresql"


def _storage_kind(settings: Settings, config: AppConfig) -> str:
    """The hooks keep the history where the application has them and nobody has named a database."""
    if config.hooks.on_load is not None and "database" not in settings.model_fields_set:
        config.refuse_for_hooks()
        return HOOKS
    return POSTGRESQL if is_postgresql(settings.database) else settings.database.partition(":")[0]


def _archive(storage: Storage) -> HistoryArchive:
    return storage.archive


def _source(storage: Storage) -> HistorySource:
    return storage.source


def _keys(storage: Storage) -> KeyIndex:
    return storage.keys


def _room_store(storage: Storage) -> RoomStore:
    return storage.rooms


def _read_marks(storage: Storage) -> ReadMarks:
    return storage.read_marks


def _read_floors(storage: Storage) -> ReadFloors:
    return storage.read_floors


def _user_events(storage: Storage) -> UserEvents:
    return storage.user_events


def _moves(storage: Storage) -> RoomMoves | None:
    return storage.moves


def _presence(storage: Storage) -> Presence | None:
    return storage.presence


def _removals(storage: Storage) -> Removals | None:
    return storage.removals


def _eviction_marks(storage: Storage) -> EvictionMarks:
    return storage.eviction_marks


def _transactions(storage: Storage) -> TransactionArchive | None:
    return storage.transactions


def _cleanup_hook(kind: str, config: AppConfig) -> OnCleanup | None:
    """What is told of evicted events that an archive keeps, too; the hooks' own storage is handed them otherwise."""
    return config.hooks.on_cleanup if kind != HOOKS else None


class StorageParts(Inputs):
    """The storage that is in force, and its ports; each of them can be exchanged for itself."""

    storage_kind = Derived(_storage_kind, Inputs.settings, Inputs.config)

    memory_store = Single(MemoryStore)
    database = Single(sqlite_database, Inputs.settings)
    postgresql_database = Single(postgresql_database, Inputs.settings)
    storage_hooks = Single(
        StorageHooks,
        Inputs.config.provided.hooks.on_cleanup,
        Inputs.config.provided.hooks.on_load,
        Inputs.run_storage_hook,
    )
    hook_store = Single(
        OwnStore,
        storage_hooks,
        Inputs.config.provided.memory_limits,
        Single(BufferBudget, Inputs.settings.provided.max_buffer_bytes),
        max_waiting=Inputs.settings.provided.max_waiting_cleanup,
        flush_timeout_s=Inputs.settings.provided.flush_timeout_s,
        key_ttl_s=Inputs.settings.provided.key_ttl_s,
    )
    storage: Part[Storage] = Chosen(
        storage_kind,
        memory=Single(
            MemoryStorage, memory_store, Inputs.settings.provided.key_ttl_s, Inputs.settings.provided.max_ended_rooms
        ),
        sqlite=Single(
            SqliteStorage, database, Inputs.settings.provided.key_ttl_s, Inputs.settings.provided.max_ended_rooms
        ),
        postgresql=Single(
            postgresql_storage,
            postgresql_database,
            Inputs.settings.provided.key_ttl_s,
            Inputs.settings.provided.max_ended_rooms,
        ),
        hooks=Single(OwnStorage, hook_store, Inputs.settings.provided.max_ended_rooms),
    )

    archive = Derived(_archive, storage)
    source = Derived(_source, storage)
    counted_source = Derived(CountedSource, source, Inputs.metrics)
    keys = Derived(_keys, storage)
    room_store = Derived(_room_store, storage)
    read_marks = Derived(_read_marks, storage)
    read_floors = Derived(_read_floors, storage)
    user_events = Derived(_user_events, storage)
    eviction_marks = Derived(_eviction_marks, storage)
    moves = Derived(_moves, storage)
    presence = Derived(_presence, storage)
    removals = Derived(_removals, storage)
    transactions = Derived(_transactions, storage)
    cleanup_hook = Derived(_cleanup_hook, storage_kind, Inputs.config)
