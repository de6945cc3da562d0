"""The one place that wires everything; each provider can be overridden."""

from __future__ import annotations

from pathlib import Path

from dependency_injector import containers, providers

from ..adapters.asgi.front_door import FrontDoor
from ..adapters.asgi.host_policy import HostPolicy
from ..adapters.asgi.origin_policy import OriginPolicy
from ..adapters.asgi.proxy_user import nobody
from ..adapters.auth.trusting_authenticator import TrustingAuthenticator
from ..adapters.litestar.services import Limits, Services
from ..adapters.memory.storage import MemoryStorage
from ..adapters.memory.store import MemoryStore
from ..adapters.own_storage.storage import OwnStorage
from ..adapters.own_storage.storage_hooks import StorageHooks
from ..adapters.own_storage.store import OwnStore
from ..adapters.sqlmodel.sqlite.database import SqliteDatabase
from ..adapters.sqlmodel.sqlite.storage import SqliteStorage
from ..adapters.system_clock import SystemClock
from ..adapters.threads.daemon_threads import DaemonThreads
from ..adapters.wire.frames import ENVELOPE_SIZE, WireCodec
from ..adapters.wire.sse_codec import SseCodec
from ..application.dialogue import Dialogue, Publishing
from ..application.feed.hub import Hub
from ..application.feed.listeners import Listeners
from ..application.feed.tell_evictions import TellEvictions
from ..application.hooks.client import OnCleanup
from ..application.hooks.run_hook import RunHook
from ..application.node import Node
from ..application.publishing.erase_user import EraseUser
from ..application.publishing.journal import Journal, JournalLimits
from ..application.publishing.publish_event import PublishEvent
from ..application.publishing.redact_event import RedactEvent
from ..application.reading.mark_read import MarkRead
from ..application.reading.page_history import PageHistory
from ..application.reading.recover_events import RecoverEvents
from ..application.rooms.idle_rooms import IdleRooms
from ..application.rooms.list_rooms import ListRooms
from ..application.rooms.manage_rooms import ManageRooms
from ..application.rooms.room_registry import RoomRegistry
from ..application.rooms.sweeper import Sweeper
from ..application.sessions.join_room import JoinRoom
from .app_config import AppConfig
from .settings import Settings

WEB = Path(__file__).parent / "web"


HOOKS = "hooks"


def _storage_kind(settings: Settings, config: AppConfig) -> str:
    """The hooks keep the history where the application has them and nobody has named a database."""
    if config.hooks.on_load is not None and "database" not in settings.model_fields_set:
        config.refuse_retention()
        return HOOKS
    return settings.database.partition(":")[0]


def _cleanup_hook(kind: str, config: AppConfig) -> OnCleanup | None:
    """What is told of evicted events that an archive keeps, too; the hooks' own storage is handed them otherwise."""
    return config.hooks.on_cleanup if kind != HOOKS else None


def _batch_bytes(settings: Settings) -> int:
    return min(JournalLimits().batch_bytes, settings.max_backlog_bytes // 2)


def _room_for_events(settings: Settings) -> int:
    return settings.max_out_frame - ENVELOPE_SIZE


class Container(containers.DeclarativeContainer):
    """Settings and configuration go in; services and adapters come out, one of each.

    Override before the start: `app.container.archive.override(providers.Singleton(MyArchive))`.
    """

    settings = providers.Dependency(instance_of=Settings)
    config = providers.Dependency(instance_of=AppConfig)

    clock = providers.Singleton(SystemClock)
    authenticator = providers.Singleton(TrustingAuthenticator)
    storage_kind = providers.Callable(_storage_kind, settings, config)
    run_sync = providers.Factory(DaemonThreads, settings.provided.max_hook_threads)
    run_hook = providers.Singleton(RunHook, run_sync, settings.provided.hook_timeout_s)
    # Threads of its own: handlers that hang must not keep the storage from being reached.
    run_storage_hook = providers.Singleton(RunHook, run_sync, settings.provided.hook_timeout_s)

    memory_store = providers.Singleton(MemoryStore)
    database = providers.Singleton(
        SqliteDatabase,
        settings.provided.database,
        synchronous=settings.provided.synchronous,
        patience_s=settings.provided.request_timeout_s,
    )
    storage_hooks = providers.Singleton(
        StorageHooks, config.provided.hooks.on_cleanup, config.provided.hooks.on_load, run_storage_hook
    )
    hook_store = providers.Singleton(
        OwnStore,
        storage_hooks,
        config.provided.memory_limits,
        max_waiting=settings.provided.max_waiting_cleanup,
        flush_timeout_s=settings.provided.flush_timeout_s,
        key_ttl_s=settings.provided.key_ttl_s,
    )
    storage = providers.Selector(
        storage_kind,
        memory=providers.Singleton(MemoryStorage, memory_store, settings.provided.key_ttl_s),
        sqlite=providers.Singleton(SqliteStorage, database, settings.provided.key_ttl_s),
        hooks=providers.Singleton(OwnStorage, hook_store),
    )
    check_storage = storage.provided.check
    # The storage's own parts; each can be overridden for itself.
    archive = storage.provided.archive
    source = storage.provided.source
    room_store = storage.provided.rooms
    read_marks = storage.provided.read_marks
    user_events = storage.provided.user_events
    eviction_marks = storage.provided.eviction_marks
    cleanup_hook = providers.Callable(_cleanup_hook, storage_kind, config)

    hub = providers.Singleton(Hub)
    listeners = providers.Singleton(Listeners, run_hook, config.provided.rooms)
    registry = providers.Singleton(
        RoomRegistry,
        config.provided.rooms,
        config.provided.runtime_template,
        config.provided.runtime_rooms,
        archive,
        source,
        room_store,
    )
    journal_limits = providers.Singleton(
        JournalLimits,
        batch_bytes=providers.Callable(_batch_bytes, settings),
        waiting_events=settings.provided.max_waiting_events,
        waiting_bytes=settings.provided.max_waiting_bytes,
        patience_s=settings.provided.request_timeout_s,
    )
    evictions = providers.Singleton(TellEvictions, cleanup_hook, run_storage_hook, registry, source, eviction_marks)
    journal = providers.Singleton(Journal, archive, source, registry, hub, listeners, clock, journal_limits, evictions)
    max_event_size = providers.Callable(_room_for_events, settings)
    publish = providers.Singleton(PublishEvent, registry, journal, source, max_event_size)
    pages = providers.Singleton(PageHistory, registry, source, max_event_size)
    recover = providers.Singleton(RecoverEvents, pages, settings.provided.recovery_limit)
    join = providers.Singleton(JoinRoom, registry, hub, recover, pages)
    sweeper = providers.Singleton(Sweeper, archive, registry, clock, settings.provided.sweep_interval_s)
    idle_rooms = providers.Singleton(IdleRooms, registry, hub, journal, settings.provided.idle_room_s)
    manage = providers.Singleton(ManageRooms, registry, hub, join, sweeper)
    mark_read = providers.Singleton(MarkRead, registry, hub, read_marks)
    list_rooms = providers.Singleton(ListRooms, manage, mark_read)
    redact = providers.Singleton(RedactEvent, registry, journal, source)
    erase = providers.Singleton(EraseUser, archive, registry, journal, user_events, read_marks)
    workers = providers.List(sweeper, idle_rooms, evictions)
    node = providers.Singleton(Node, registry, journal, hub, listeners, workers)
    publishing = providers.Singleton(Publishing, publish, redact, erase)
    dialogue = providers.Singleton(Dialogue, node, registry, publishing, pages, manage)

    codec = providers.Singleton(WireCodec, settings.provided.max_out_frame)
    sse_codec = providers.Singleton(SseCodec, settings.provided.max_out_frame, registry.provided.epoch)
    front_door = providers.Factory(
        FrontDoor,
        hosts=providers.Factory(HostPolicy, settings.provided.allowed_hosts, settings.provided.host),
        origins=providers.Factory(OriginPolicy, settings.provided.allowed_origins),
        seen=providers.Object(nobody),
    )
    limits = providers.Singleton(
        Limits,
        max_frame=settings.provided.max_frame,
        max_out_frame=settings.provided.max_out_frame,
        max_backlog_frames=settings.provided.max_backlog_frames,
        max_backlog_bytes=settings.provided.max_backlog_bytes,
        max_in_flight=settings.provided.max_in_flight,
        heartbeat_s=settings.provided.heartbeat_s,
        connect_timeout_s=settings.provided.connect_timeout_s,
    )
    services = providers.Singleton(
        Services,
        node=node,
        hub=hub,
        join=join,
        publish=publish,
        pages=pages,
        manage=manage,
        rooms=list_rooms,
        mark_read=mark_read,
        authenticator=authenticator,
        hooks=config.provided.hooks,
        run_hook=run_hook,
        codec=codec,
        sse_codec=sse_codec,
        limits=limits,
    )
