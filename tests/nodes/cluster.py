"""Several nodes over one storage, and clients that read what they are told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from anyio import fail_after
from anyio.lowlevel import checkpoint

from dialogue.adapters.bus.in_process import Exchange, InProcessBus
from dialogue.adapters.memory.storage import MemoryStorage
from dialogue.adapters.memory.store import MemoryStore
from dialogue.application.ports.event_bus import EventBus
from dialogue.application.rooms.runtime_rooms import RuntimeRooms
from dialogue.application.sessions.frame import Frame
from dialogue.application.sessions.notice import (
    Marked,
    MemberJoined,
    MemberLeft,
    Notice,
    RoomCreated,
    RoomDeleted,
    RoomSize,
    TakenOut,
)
from dialogue.application.sessions.session import Session
from dialogue.domain.event import Event
from dialogue.domain.event_definition import History, define_event
from dialogue.domain.ports.storage import Storage
from dialogue.domain.position import Position
from dialogue.domain.room import RoomConfig

from ..application.node import MemoryNode, transport_of
from .rough_bus import DeafBus, RoughBus, RoughExchange

MESSAGE = define_event("message", history=History(limit=5))
NOTE = define_event("note", history=History(limit=2))
TYPING = define_event("typing")
ROOMS = {"room": RoomConfig(name="Room", events=[MESSAGE, NOTE, TYPING], sync_history_on_join=5)}
RUNTIME = RuntimeRooms(events=[MESSAGE, TYPING], max_rooms_per_user=3)
PATIENCE_S = 30.0


class SaidCodec:
    """Encodes an event as `name seq payload`, and a notice as what it says."""

    def events(self, room_id: str, events: Sequence[Event]) -> list[Frame]:
        """See `Codec.events`."""
        return [Frame(f"{each.name} {each.seq} {each.payload.decode()}".encode()) for each in events]

    def notice(self, notice: Notice) -> Frame:
        """See `Codec.notice`."""
        match notice:
            case TakenOut(room_id=room_id) | RoomDeleted(room_id=room_id):
                said = f"{type(notice).__name__} {room_id}"
            case RoomCreated(room=room):
                said = f"RoomCreated {room.id}"
            case Marked(room_id=room_id, seq=seq):
                said = f"Marked {room_id} {seq}"
            case RoomSize(room_id=room_id, size=size, users=users):
                said = f"RoomSize {room_id} {size} {users}"
            case MemberJoined(room_id=room_id, user_id=user_id) | MemberLeft(room_id=room_id, user_id=user_id):
                said = f"{type(notice).__name__} {room_id} {user_id}"
            case _:
                said = type(notice).__name__
        return Frame(said.encode())


class Client:
    """A session on one of the nodes, and all that it was told."""

    def __init__(self, node: MemoryNode, user_id: str) -> None:
        self.node = node
        self.session: Session = node.session(user_id)
        self.told: list[str] = []
        self.position: Position | None = None

    async def join(self, room_id: str = "room", since: Position | None = None) -> bool | None:
        """Join; what the answer says of `recovered`."""
        joined = await self.node.join(self.session, room_id, since=since)
        self.told += [f"{each.name} {each.seq} {each.payload.decode()}" for each in reversed(joined.history)]
        self.position = joined.position
        self.node.join.release(self.session, room_id)
        return joined.recovered

    @property
    def is_closed(self) -> bool:
        """Whether the server has ended the connection."""
        return transport_of(self.session).closing is not None or self.session.outbox.is_closed

    def seqs(self) -> list[int]:
        """The seqs of the events that were told, in their order."""
        self.read()
        words = [said.split() for said in self.told]
        return [int(word[1]) for word in words if word[0] in ("message", "note", "dialogue.redacted")]

    def heard(self, first: str) -> list[str]:
        """What was told that begins with this word."""
        self.read()
        return [said for said in self.told if said.split()[0] == first]

    def read(self) -> list[str]:
        """All that was told so far."""
        self.told += [frame.text for frame in transport_of(self.session).read()]
        return self.told

    async def until(self, condition: Callable[[], bool]) -> None:
        """Read until the condition holds."""
        with fail_after(PATIENCE_S):
            while not condition():
                await transport_of(self.session).arrived()
                self.read()


async def learned(node: MemoryNode, condition: Callable[[], bool]) -> None:
    """Wait until the condition holds, by one poll after the other."""
    with fail_after(PATIENCE_S):
        while not condition():
            await node.poll.learn()
            await checkpoint()


def _fine(_: int) -> Callable[[], EventBus]:
    exchange = Exchange()
    return lambda: InProcessBus(exchange)


def _rough(seed: int) -> Callable[[], EventBus]:
    exchange = RoughExchange(seed)
    return lambda: RoughBus(exchange)


def _deaf(_: int) -> Callable[[], EventBus]:
    return DeafBus


BUSES: dict[str, Callable[[int], Callable[[], EventBus]]] = {"fine": _fine, "rough": _rough, "deaf": _deaf}


@dataclass
class Cluster:
    """Nodes named `a`, `b`, `c`, … over one store."""

    size: int = 2
    bus: str = "fine"
    seed: int = 0
    rooms: Mapping[str, RoomConfig] = field(default_factory=lambda: ROOMS)
    runtime: RuntimeRooms | None = field(default_factory=lambda: RUNTIME)
    store: MemoryStore = field(default_factory=MemoryStore)
    poll_interval_s: float = 0.01
    lease_s: float = 15.0
    storage_of: Callable[[MemoryStore, str], Storage] = lambda store, _: MemoryStorage(store)
    rooms_of: Mapping[str, Mapping[str, RoomConfig]] = field(default_factory=dict)

    handled: dict[str, list[Event]] = field(default_factory=dict)

    async def _handle(self, name: str, event: Event) -> None:
        self.handled.setdefault(name, []).append(event)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[list[MemoryNode]]:
        """The nodes, at work."""
        new_bus = BUSES[self.bus](self.seed)
        async with AsyncExitStack() as stack:
            nodes = []
            for name in "abcdefgh"[: self.size]:
                node = MemoryNode(
                    self.rooms_of.get(name, self.rooms),
                    self.runtime,
                    store=self.store,
                    storage=self.storage_of(self.store, name),
                    codec=SaidCodec(),
                    name=name,
                    bus=new_bus(),
                    poll_interval_s=self.poll_interval_s,
                    is_one_of_many=True,
                    lease_s=self.lease_s,
                )
                node.listeners.on("room", None, partial(self._handle, name))
                nodes.append(await stack.enter_async_context(node.running()))
            for node in nodes:
                await node.poll.learn()
            yield nodes
