"""The services: how events are published, become visible and are read, and who is connected."""

from __future__ import annotations

from dependency_injector import providers

from ...adapters.metrics.node_figures import NodeFigures, Version
from ...adapters.metrics.scrape import Scrape
from ...application.access.access import Access, OwnRights
from ...application.access.visibility import Visibility
from ...application.administer import Administer
from ...application.dialogue import Dialogue, Publishing
from ...application.feed.apply_events import ApplyEvents
from ...application.feed.hub import Hub
from ...application.feed.listeners import Listeners
from ...application.feed.tell_evictions import TellEvictions
from ...application.hooks.client_hooks import ClientHooks
from ...application.hooks.hooks import BeforeEach
from ...application.hooks.run_hook import RunHook
from ...application.node import Node
from ...application.nodes.catch_up import CatchUp
from ...application.nodes.follow_moves import FollowMoves
from ...application.nodes.hear_nodes import HearNodes
from ...application.nodes.keep_lease import KeepLease, new_life
from ...application.nodes.own_notices import OwnNotices
from ...application.nodes.poll_moves import PollMoves
from ...application.nodes.remove_user import RemoveUser
from ...application.nodes.run_bus import RunBus
from ...application.nodes.seats import Seats
from ...application.nodes.share_crowds import ShareCrowds
from ...application.nodes.tell_nodes import TellNodes
from ...application.nodes.turn import Turn
from ...application.people import People
from ...application.ports.clock import Clock
from ...application.publishing.admission import Admission
from ...application.publishing.before_each import AskBeforeEach
from ...application.publishing.before_kept import BeforeKept
from ...application.publishing.erase_user import EraseUser
from ...application.publishing.journal import Journal
from ...application.publishing.journal_queue import JournalLimits
from ...application.publishing.publish_batch import PublishBatch
from ...application.publishing.publish_event import PublishEvent
from ...application.publishing.publish_within import PublishWithin
from ...application.publishing.redact_event import RedactEvent
from ...application.publishing.send_event import SendEvent
from ...application.readiness import Readiness
from ...application.reading.confirm_read import ConfirmRead
from ...application.reading.mark_read import MarkRead
from ...application.reading.page_history import PageHistory
from ...application.reading.recover_events import RecoverEvents
from ...application.rooms.buffer_budget import BufferBudget
from ...application.rooms.idle_rooms import IdleRooms
from ...application.rooms.list_rooms import ListRooms
from ...application.rooms.manage_rooms import ManageRooms
from ...application.rooms.open_history import OpenHistory
from ...application.rooms.refresh_history import RefreshHistory
from ...application.rooms.room_registry import RoomRegistry
from ...application.rooms.sweeper import Sweeper
from ...application.rooms.tell_members import TellMembers
from ...application.rooms.tell_rooms import TellRooms
from ...application.rooms.tell_sizes import TellSizes
from ...application.sessions.join_room import JoinRoom
from ...application.sessions.limits import ENVELOPE_SIZE
from ...domain.ports.key_index import KeyIndex
from ..settings.settings import Settings
from ..version import __version__
from .inputs import Inputs
from .limits import limiter_of
from .part import Derived, Single
from .storage import StorageParts

settings, config = Inputs.settings.provided, Inputs.config.provided


def _batch_bytes(settings: Settings) -> int:
    return min(JournalLimits().batch_bytes, settings.max_backlog_bytes // 2)


def _room_for_events(settings: Settings) -> int:
    return settings.max_out_frame - ENVELOPE_SIZE


def _turn_s(settings: Settings) -> float:
    """So long the node that has swept keeps others from it: they take over when it has missed two of its turns."""
    return 2 * settings.sweep_interval_s + 10


def _own_rights(settings: Settings) -> OwnRights:
    return OwnRights(
        create=settings.create_rooms == "users",
        delete=settings.delete_rooms == "makers",
        redact=settings.redact_events == "senders",
    )


def _before_kept(
    before_each: BeforeEach | None, run_hook: RunHook, admission: Admission, keys: KeyIndex, clock: Clock
) -> BeforeKept | None:
    """None where the application has no say: then publishing does not even look."""
    if before_each is None:
        return None
    return BeforeKept(AskBeforeEach(before_each, run_hook, admission), keys, clock, admission)


class ServiceParts(StorageParts):
    """What the application layer does, and the node that runs it."""

    limiter = Single(limiter_of, Inputs.settings, Inputs.checked_authenticator.provided.trusts_clients)
    hub = Single(Hub, Inputs.metrics, settings.max_rooms_per_session)
    listeners = Single(Listeners, Inputs.run_hook, config.rooms)
    open_history = Single(
        OpenHistory, StorageParts.archive, StorageParts.counted_source, Single(BufferBudget, settings.max_buffer_bytes)
    )
    registry = Single(
        RoomRegistry,
        config.rooms,
        config.offer,
        open_history,
        StorageParts.room_store,
    )
    visibility = Single(
        Visibility, registry, StorageParts.read_floors, StorageParts.read_marks, settings.max_read_floors
    )
    access = Single(
        Access,
        Inputs.run_hook,
        registry,
        visibility,
        config.hooks.authorize,
        config.hooks.before_join,
        Derived(_own_rights, Inputs.settings),
    )
    journal_limits = Single(
        JournalLimits,
        batch_bytes=Derived(_batch_bytes, Inputs.settings),
        waiting_events=settings.max_waiting_events,
        waiting_bytes=settings.max_waiting_bytes,
        patience_s=settings.request_timeout_s,
    )
    evictions = Single(
        TellEvictions,
        StorageParts.cleanup_hook,
        Inputs.run_storage_hook,
        registry,
        StorageParts.counted_source,
        StorageParts.eviction_marks,
    )
    apply = Single(
        ApplyEvents, registry, StorageParts.counted_source, hub, listeners, evictions, settings.request_timeout_s
    )
    journal = Single(Journal, StorageParts.archive, apply, Inputs.clock, journal_limits, Inputs.metrics)
    max_event_size = Derived(_room_for_events, Inputs.settings)
    refresh = Single(RefreshHistory, StorageParts.archive, StorageParts.counted_source)
    confirm = Single(ConfirmRead, StorageParts.moves, refresh, apply)
    pages = Single(PageHistory, registry, StorageParts.counted_source, apply, confirm, max_event_size)
    own_notices = Single(OwnNotices, Inputs.origin, Inputs.metrics)
    tell_nodes = Single(TellNodes, Inputs.bus, own_notices, apply)
    admission = Single(Admission, max_event_size, settings.max_values, tell_nodes.provided.max_event_size)
    before_kept = Single(
        _before_kept, config.hooks.before_each, Inputs.run_hook, admission, StorageParts.keys, Inputs.clock
    )
    publish = Single(PublishEvent, registry, journal, StorageParts.counted_source, admission, access, before_kept)
    publish_batch = Single(PublishBatch, registry, journal, StorageParts.counted_source, admission, access, before_kept)
    publish_within = Single(PublishWithin, config.rooms, config.offer, registry, StorageParts.transactions, admission)
    recover = Single(RecoverEvents, pages, apply, settings.recovery_limit)
    lease = Single(KeepLease, StorageParts.presence, Single(new_life, settings.node_id, Inputs.clock))
    seats = Single(Seats, StorageParts.presence, lease, hub, registry)
    join = Single(JoinRoom, registry, hub, recover, pages, seats, access)
    sweeps = Single(Turn, StorageParts.presence, lease, "sweep", Derived(_turn_s, Inputs.settings))
    sweeper = Single(Sweeper, StorageParts.archive, registry, Inputs.clock, sweeps, settings.sweep_interval_s)
    idle_rooms = Single(IdleRooms, registry, hub, journal, settings.idle_room_s)
    tell_rooms = Single(TellRooms, hub, access, tell_nodes, listeners)
    manage = Single(ManageRooms, registry, hub, join, sweeper, tell_rooms, access)
    mark_read = Single(MarkRead, registry, hub, StorageParts.read_marks, apply, tell_nodes)
    crowds = Single(ShareCrowds, StorageParts.presence, lease, seats, hub, tell_nodes)
    tell_members = Single(TellMembers, registry, hub, crowds)
    list_rooms = Single(ListRooms, manage, mark_read, crowds, access)
    redact = Single(RedactEvent, registry, journal, StorageParts.counted_source, access)
    erase = Single(
        EraseUser,
        StorageParts.archive,
        registry,
        journal,
        StorageParts.user_events,
        StorageParts.read_marks,
        StorageParts.read_floors,
    )
    sizes = Single(TellSizes, hub)
    catch_up = Single(CatchUp, registry, apply, refresh)
    remove_user = Single(RemoveUser, StorageParts.removals, hub, join, tell_nodes)
    administer = Single(Administer, registry, access, remove_user)
    follow_moves = Single(FollowMoves, registry, StorageParts.storage, manage, apply, catch_up, remove_user)
    poll = Single(PollMoves, StorageParts.moves, follow_moves, registry, settings.poll_interval_s)
    hear_nodes = Single(HearNodes, own_notices, poll, catch_up, apply, hub, crowds)
    run_bus = Single(RunBus, Inputs.bus, hear_nodes)
    readiness = Single(
        Readiness, StorageParts.storage, StorageParts.counted_source, settings.ready_interval_s, run_bus, lease
    )
    of_many_nodes = (lease, crowds, tell_nodes, run_bus, poll, catch_up)
    of_rooms = (sizes, tell_members, tell_rooms, sweeper, idle_rooms)
    workers = providers.List(*of_rooms, evictions, readiness, limiter, *of_many_nodes)
    people = Single(People, hub, join, Single(SendEvent, registry, Inputs.clock), remove_user, crowds)
    client_hooks = Single(ClientHooks, config.hooks, Inputs.run_hook, hub, people.provided.client)
    node = Single(Node, registry, journal, hub, providers.List(listeners, client_hooks), workers)
    scrape = Single(
        Scrape,
        Single(Version, __version__),
        Inputs.counted,
        Single(NodeFigures, hub, journal, registry, readiness, run_bus, poll),
    )
    publishing = Single(Publishing, publish, publish_batch, redact, erase)
    dialogue = Single(Dialogue, node, registry, publishing, pages, manage, visibility)
