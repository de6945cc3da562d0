"""A whole node over the memory adapter, without a server: real services, a clock that the test sets, frames that stay
readable."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

from dialogue.adapters.bus.in_process import InProcessBus
from dialogue.adapters.memory.storage import MemoryStorage
from dialogue.adapters.memory.store import MemoryStore
from dialogue.adapters.memory.transport import MemoryTransport
from dialogue.adapters.threads.daemon_threads import DaemonThreads
from dialogue.application.access.access import Access
from dialogue.application.access.visibility import Visibility
from dialogue.application.dialogue import Dialogue, Publishing
from dialogue.application.feed.apply_events import ApplyEvents
from dialogue.application.feed.hub import Hub
from dialogue.application.feed.listeners import Listeners
from dialogue.application.feed.tell_evictions import TellEvictions
from dialogue.application.hooks.client_hooks import ClientHooks
from dialogue.application.hooks.hooks import Hooks
from dialogue.application.hooks.run_hook import RunHook
from dialogue.application.node import Node, Worker
from dialogue.application.nodes.catch_up import CatchUp
from dialogue.application.nodes.follow_moves import FollowMoves
from dialogue.application.nodes.hear_nodes import HearNodes
from dialogue.application.nodes.keep_lease import KeepLease
from dialogue.application.nodes.own_notices import OwnNotices
from dialogue.application.nodes.poll_moves import PollMoves
from dialogue.application.nodes.remove_user import RemoveUser
from dialogue.application.nodes.run_bus import RunBus
from dialogue.application.nodes.seats import Seats
from dialogue.application.nodes.share_crowds import ShareCrowds
from dialogue.application.nodes.tell_nodes import TellNodes
from dialogue.application.nodes.turn import Turn
from dialogue.application.people import People
from dialogue.application.ports.authenticator import Identity
from dialogue.application.ports.codec import Codec
from dialogue.application.ports.event_bus import EventBus
from dialogue.application.publishing.admission import Admission
from dialogue.application.publishing.before_each import AskBeforeEach
from dialogue.application.publishing.before_kept import BeforeKept
from dialogue.application.publishing.erase_user import EraseUser
from dialogue.application.publishing.journal import Journal
from dialogue.application.publishing.journal_queue import JournalLimits
from dialogue.application.publishing.publish_batch import PublishBatch
from dialogue.application.publishing.publish_event import PublishEvent
from dialogue.application.publishing.redact_event import RedactEvent
from dialogue.application.publishing.send_event import SendEvent
from dialogue.application.reading.confirm_read import ConfirmRead
from dialogue.application.reading.mark_read import MarkRead
from dialogue.application.reading.page_history import PageHistory
from dialogue.application.reading.recover_events import RecoverEvents
from dialogue.application.rooms.buffer_budget import BufferBudget
from dialogue.application.rooms.idle_rooms import IdleRooms
from dialogue.application.rooms.list_rooms import ListRooms
from dialogue.application.rooms.manage_rooms import ManageRooms
from dialogue.application.rooms.open_history import OpenHistory
from dialogue.application.rooms.refresh_history import RefreshHistory
from dialogue.application.rooms.room_registry import RoomRegistry
from dialogue.application.rooms.runtime_rooms import RuntimeOffer, RuntimeRooms
from dialogue.application.rooms.sweeper import Sweeper
from dialogue.application.rooms.tell_members import TellMembers
from dialogue.application.rooms.tell_rooms import TellRooms
from dialogue.application.rooms.tell_sizes import TellSizes
from dialogue.application.sessions.frame import Frame
from dialogue.application.sessions.join_room import JoinRoom
from dialogue.application.sessions.limits import Backlog
from dialogue.application.sessions.notice import Notice
from dialogue.application.sessions.outbox import Outbox
from dialogue.application.sessions.session import Session
from dialogue.domain.event import Event
from dialogue.domain.ports.history_archive import HistoryArchive
from dialogue.domain.ports.history_source import HistorySource
from dialogue.domain.ports.presence import NodeLife
from dialogue.domain.ports.room_store import RoomStore
from dialogue.domain.ports.storage import Storage
from dialogue.domain.ports.user_events import UserEvents
from dialogue.domain.room import Room, RoomConfig

LIVES = count(1, 1_000)


@dataclass
class SetClock:
    """Tells the time that the test has set."""

    now: int = 1_000

    def now_ms(self) -> int:
        return self.now


@dataclass(eq=False)
class ReadableCodec:
    """Encodes events as `name:seq` words, and counts how often it was asked."""

    encoded: int = 0

    def events(self, room_id: str, events: Sequence[Event]) -> list[Frame]:
        self.encoded += 1
        text = " ".join(f"{event.name}:{event.seq}" for event in events)
        return [Frame(text.encode())]

    def notice(self, notice: Notice) -> Frame:
        text = type(notice).__name__
        return Frame(text.encode())


@dataclass
class MemoryNode:
    """The services of one node over memory, or over another `storage`; single parts of it can be given too."""

    rooms: Mapping[str, RoomConfig]
    runtime: RuntimeRooms | None = None
    store: MemoryStore = field(default_factory=MemoryStore)
    clock: SetClock = field(default_factory=SetClock)
    max_page_size: int = 1 << 20
    recovery_limit: int = 1_000
    max_buffer_bytes: int = 64 << 20
    journal_limits: JournalLimits = field(default_factory=JournalLimits)
    storage: Storage | None = None
    archive: HistoryArchive | None = None
    source: HistorySource | None = None
    room_store: RoomStore | None = None
    user_events: UserEvents | None = None
    codec: Codec = field(default_factory=ReadableCodec)
    hub: Hub = field(default_factory=Hub)
    run_hook: RunHook = field(default_factory=lambda: RunHook(DaemonThreads(4), timeout_s=5))
    recovering: type[RecoverEvents] = RecoverEvents
    applying: type[ApplyEvents] = ApplyEvents
    name: str = "alone"
    bus: EventBus = field(default_factory=InProcessBus)
    poll_interval_s: float = 0.02
    is_one_of_many: bool = False
    lease_s: float = 15.0
    hooks: Hooks = field(default_factory=Hooks)
    max_read_floors: int = 1_000

    def __post_init__(self) -> None:
        storage = self.storage or MemoryStorage(self.store)
        archive = self.archive or storage.archive
        source = self.source or storage.source
        rooms = self.room_store or storage.rooms
        configured = {room_id: Room.configured(room_id, config) for room_id, config in self.rooms.items()}
        offer = None
        if self.runtime is not None:
            sync = self.runtime.sync_history_on_join
            offered = RoomConfig(
                name="template",
                events=list(self.runtime.events),
                sync_history_on_join=sync,
                presence=self.runtime.presence,
            )
            offer = RuntimeOffer(Room.configured("template", offered), self.runtime.limits)
        self.listeners = Listeners(self.run_hook)
        self.registry = RoomRegistry(
            configured, offer, OpenHistory(archive, source, BufferBudget(self.max_buffer_bytes)), rooms
        )
        self.apply = self.applying(self.registry, source, self.hub, self.listeners)
        self.journal = Journal(archive, self.apply, self.clock, self.journal_limits)
        refresh = RefreshHistory(archive, source)
        self.confirm = ConfirmRead(storage.moves, refresh, self.apply)
        self.pages = PageHistory(self.registry, source, self.apply, self.confirm, self.max_page_size)
        visibility = Visibility(self.registry, storage.read_floors, storage.read_marks, most=self.max_read_floors)
        hooks = self.hooks
        self.access = Access(self.run_hook, self.registry, visibility, hooks.authorize, hooks.before_join)
        admission = Admission(self.max_page_size)
        before = None
        if hooks.before_each is not None:
            ask = AskBeforeEach(hooks.before_each, self.run_hook, admission)
            before = BeforeKept(ask, storage.keys, self.clock, admission)
        self.publish = PublishEvent(self.registry, self.journal, source, admission, self.access, before)
        self.publish_batch = PublishBatch(self.registry, self.journal, source, admission, self.access, before)
        self.recover = self.recovering(self.pages, self.apply, self.recovery_limit)
        presence = storage.presence if self.is_one_of_many else None
        self.lease = KeepLease(presence, NodeLife(node_id=self.name, life=next(LIVES)), self.lease_s)
        self.seats = Seats(presence, self.lease, self.hub, self.registry)
        self.join = JoinRoom(self.registry, self.hub, self.recover, self.pages, self.seats, self.access)
        self.client_hooks = ClientHooks(hooks, self.run_hook, self.hub, lambda session: self.people.client(session))
        self.redact = RedactEvent(self.registry, self.journal, source, self.access)
        marks = storage.read_marks
        user_events = self.user_events or storage.user_events
        self.erase = EraseUser(archive, self.registry, self.journal, user_events, marks, storage.read_floors)
        self.turn = Turn(presence, self.lease, "sweep", 60)
        self.sweeper = Sweeper(archive, self.registry, self.clock, self.turn, 3600)
        self.idle_rooms = IdleRooms(self.registry, self.hub, self.journal, 3600)
        own = OwnNotices(self.name)
        self.tell = TellNodes(self.bus, own, self.apply)
        self.tell_rooms = TellRooms(self.hub, self.access, self.tell, self.listeners)
        self.manage = ManageRooms(self.registry, self.hub, self.join, self.sweeper, self.tell_rooms, self.access)
        self.mark_read = MarkRead(self.registry, self.hub, marks, self.apply, self.tell)
        evictions = TellEvictions(None, self.run_hook, self.registry, source, storage.eviction_marks)
        self.crowds = ShareCrowds(presence, self.lease, self.seats, self.hub, self.tell)
        self.list_rooms = ListRooms(self.manage, self.mark_read, self.crowds, self.access)
        catch_up = CatchUp(self.registry, self.apply, refresh)
        self.remove_user = RemoveUser(storage.removals if self.is_one_of_many else None, self.hub, self.join, self.tell)
        self.people = People(self.hub, self.join, SendEvent(self.registry, self.clock), self.remove_user, self.crowds)
        follow = FollowMoves(self.registry, storage, self.manage, self.apply, catch_up, self.remove_user)
        self.poll = PollMoves(storage.moves, follow, self.registry, self.poll_interval_s)
        hear = HearNodes(own, self.poll, catch_up, self.apply, self.hub, self.crowds)
        self.run_bus = RunBus(self.bus, hear)
        sizes = TellSizes(self.hub)
        self.members = TellMembers(self.registry, self.hub, self.crowds)
        others: list[Worker] = [self.lease, self.crowds, self.tell, self.run_bus, self.poll, catch_up, sizes]
        workers: list[Worker] = [
            self.tell_rooms,
            self.members,
            self.sweeper,
            self.idle_rooms,
            evictions,
            *(others if self.is_one_of_many else ()),
        ]
        self.node = Node(self.registry, self.journal, self.hub, [self.listeners, self.client_hooks], workers)
        publishing = Publishing(self.publish, self.publish_batch, self.redact, self.erase)
        self.dialogue = Dialogue(self.node, self.registry, publishing, self.pages, self.manage, visibility)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[MemoryNode]:
        """The node at work."""
        async with self.node.run():
            yield self

    def session(self, user_id: str = "ada", *, max_frames: int = 1_000, max_bytes: int = 1 << 22) -> Session:
        """A connected session."""
        outbox = Outbox(MemoryTransport(), Backlog(max_frames=max_frames, max_bytes=max_bytes))
        session = Session(
            session_id=f"{user_id}-1", identity=Identity(user_id=user_id), codec=self.codec, outbox=outbox
        )
        self.hub.connect(session)
        return session


def transport_of(session: Session) -> MemoryTransport:
    """Where the session's frames go."""
    transport = session.outbox.transport
    assert isinstance(transport, MemoryTransport)
    return transport


def sent(session: Session) -> list[str]:
    """What was sent to the session since this was asked before."""
    return [frame.text for frame in transport_of(session).read()]
