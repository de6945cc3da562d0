"""Nodes, their storage, the bus between them and their clients, from one seed."""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

from anyio import CancelScope, create_task_group, move_on_after, sleep
from anyio.abc import TaskGroup

from dialogue.adapters.memory.presence import MemoryPresence
from dialogue.adapters.memory.storage import MemoryStorage
from dialogue.adapters.memory.store import MemoryStore
from dialogue.application.ports.authenticator import Identity
from dialogue.application.rooms.runtime_rooms import RuntimeRooms
from dialogue.domain.errors import DialogueError
from dialogue.domain.event_definition import History, define_event
from dialogue.domain.ports.removals import Removal
from dialogue.domain.room import RoomConfig
from dialogue.domain.room_limits import RoomLimits

from .client import MADE_ROOMS, Client
from .link import AnswerLost, Link, Weather
from .network import Network, NetworkBus
from .node import NodeClock, SimulatedNode
from .owners import Tasks
from .storage import FarStorage
from .truth import EPHEMERAL, NAMES, Truth, pattern_of

SMALL_ROOM = "cell"
CAPACITY = 1
STORMY_S = 20.0
CALM_S = 40.0


@dataclass(slots=True)
class Report:
    """What happened in one run."""

    seed: int
    kept: int = 0
    answered: int = 0
    refused: int = 0
    kills: int = 0
    cuts: int = 0
    digest: str = ""


@dataclass(slots=True)
class World:
    """One run."""

    rng: Random
    report: Report
    nodes_count: int = 2
    clients_count: int = 4
    pace_s: float = 0.4
    room_ids: tuple[str, ...] = ("hall", "side", SMALL_ROOM, *MADE_ROOMS)
    made_rooms: tuple[str, ...] = MADE_ROOMS
    change_share: float = 0.06
    """Of what clients do in a room: how much of it is to make one of `made_rooms`, or to delete it."""
    limits: RoomLimits = RuntimeRooms(events=[]).limits
    truth: Truth = field(init=False)
    nodes: dict[str, SimulatedNode] = field(default_factory=dict)
    answered: dict[str, int] = field(default_factory=dict)
    clients: list[Client] = field(default_factory=list)
    removed: list[tuple[Client, int | None]] = field(default_factory=list)
    """Who was removed, and on which connection they were then."""
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)
    trace: list[str] | None = None
    is_over: bool = False
    is_calm: bool = False
    _store: MemoryStore = field(default_factory=MemoryStore)
    _storage: MemoryStorage = field(init=False)
    _network: Network = field(init=False)
    _tasks: Tasks = field(default_factory=Tasks)
    _births: int = 0

    async def run(self) -> None:
        """Storm, then calm, in which everybody must get to see all."""
        asyncio.get_running_loop().set_task_factory(self._tasks.make)
        self.truth = Truth(self.limits)
        self._storage = MemoryStorage(self._store)
        self._storage.presence = MemoryPresence(asyncio.get_running_loop().time)
        try:
            async with create_task_group() as group:
                await self._live(group)
                group.cancel_scope.cancel()
        finally:
            for name in [*self.nodes]:
                with CancelScope(shield=True):
                    await self._kill(name)

    async def _live(self, group: TaskGroup) -> None:
        self._network = Network(Random(self.rng.random()), group, self.truth)
        for index in range(self.nodes_count):
            await self._start(f"n{index}", group)
        self.clients = [Client(self, f"user{index}", Random(self.rng.random())) for index in range(self.clients_count)]
        for client in self.clients:
            group.start_soon(client.live)
        with move_on_after(STORMY_S):
            await self._storm(group)
        await self._calm()
        self.is_over = True
        self._check()

    def note(self, user_id: str, frame: bytes) -> None:
        """Somebody was sent this at this moment: of two runs of a seed the digests are the same."""
        if self.trace is not None:
            self.trace.append(f"{asyncio.get_running_loop().time():.3f} {user_id} {frame.decode()}")
        self.digest.update(f"{asyncio.get_running_loop().time()} {user_id} ".encode() + frame)

    def any_node(self, rng: Random) -> SimulatedNode | None:
        """A node that is up."""
        up = [node for node in self.nodes.values() if node.is_up]
        return rng.choice(up) if up else None

    def ensure_capacity(self, room_id: str) -> None:
        """A room with a maximum has no more members than that, on all nodes together."""
        if room_id == SMALL_ROOM:
            sizes = {node.name: node.members(room_id) for node in self.nodes.values() if not node.link.is_dead}
            assert sum(sizes.values()) <= CAPACITY, f"too many are in {room_id}: {sizes}"

    def redact(self, node: SimulatedNode, room_id: str, seq: int, user_id: str) -> None:
        """Have an event taken back, if it is the user's."""
        node.begin(self._redact(node, room_id, seq, user_id))

    async def _redact(self, node: SimulatedNode, room_id: str, seq: int, user_id: str) -> None:
        with suppress(DialogueError):
            await node.app.container.redact().by_user(Identity(user_id=user_id), room_id, seq)

    def remove(self, node: SimulatedNode, client: Client) -> None:
        """Have a user removed from the server, wherever its connection is."""
        node.begin(self._remove(node, client, client.visit))

    async def _remove(self, node: SimulatedNode, client: Client, visit: int | None) -> None:
        with suppress(DialogueError, AnswerLost):
            await node.app.container.remove_user()(Removal(user_id=client.user_id))
            self.removed.append((client, visit))

    @property
    def lasting_rooms(self) -> set[str]:
        """The rooms that there are."""
        return {"hall", "side", SMALL_ROOM} | {*self._store.definitions}

    async def _storm(self, group: TaskGroup) -> None:
        while True:
            await sleep(self.rng.random() * 3)
            name = self.rng.choice([*self.nodes])
            node = self.nodes[name]
            match self.rng.randint(0, 6):
                case 6:
                    node.bus.cut()
                    await sleep(self.rng.random() * 5)
                    node.bus.mend()
                case 0:
                    self.report.kills += 1
                    await self._kill(name)
                    await sleep(self.rng.random() * 2)
                    await self._start(name, group)
                case 1:
                    self.report.cuts += 1
                    node.link.is_cut = True
                    await sleep(self.rng.random() * 5)
                    node.link.is_cut = False
                case 2:
                    node.link.weather = Weather(
                        delay_s=self.rng.choice((0.001, 0.05, 0.5)),
                        fails=self.rng.choice((0, 0.1)),
                        lags=self.rng.choice((0, 0.05)),
                        loses_answers=self.rng.choice((0, 0.02, 0.1)),
                    )
                case 3:
                    node.clock.ahead_ms += self.rng.randint(-5_000, 5_000)
                case 4:
                    if node.is_up:
                        node.stop()
                        await sleep(1)
                        await self._kill(name)
                        await self._start(name, group)

    async def _calm(self) -> None:
        for node in self.nodes.values():
            node.link.is_cut = False
            node.link.weather = Weather()
            node.bus.mend()
        self.is_calm = True
        await sleep(CALM_S)

    async def _start(self, name: str, group: TaskGroup) -> None:
        self._births += 1
        link = Link(Random(self.rng.random()), group, Weather())
        storage = FarStorage(self._storage, link, self.truth)
        bus = NetworkBus(self._network)
        clock = NodeClock(asyncio.get_running_loop(), self.rng.randint(-1_000, 1_000))
        node = SimulatedNode(
            f"{name}.{self._births}", storage, link, bus, clock, *_rooms(self.limits), {"node_id": name}
        )
        self.nodes[name] = node
        node.begin(node.run())
        await node.started()

    async def _kill(self, name: str) -> None:
        node = self.nodes[name]
        node.link.is_dead = True
        node.bus.die()
        node.cut_off()
        await self._tasks.kill(node.name)

    def _check(self) -> None:
        assert not self.truth.wrong, self.truth.wrong
        for client, visit in self.removed:
            assert visit is None or client.visit != visit, f"{client.user_id} was removed, and is still there"
        for client in self.clients:
            for member in client.members.values():
                if member.is_in:
                    member.ensure_blank()
                    assert member.room_id in self.lasting_rooms, f"{client.user_id} is in {member.room_id}"
                    assert not member.missing(), f"{client.user_id} never got {member.missing()} of {member.room_id}"
            for publication in client.publications:
                found = [
                    event
                    for event in self.truth.rooms.get(publication.room_id, ())
                    if event.sender == client.user_id and event.data == publication.data
                ]
                # A key belongs to one life of a room: sent again in the next one, it is new.
                assert len({event.epoch for event in found}) == len(found), f"kept twice: {publication}"
                if publication.answer is not None:
                    self.report.answered += 1
                    seq = publication.answer["seq"]
                    assert seq in [event.seq for event in found], f"{publication} is at {found}"
                elif publication.refusals == publication.tries:
                    self.report.refused += 1
                    assert not found, f"refused, and kept all the same: {publication}"
        self.report.digest = self.digest.hexdigest()[:12]
        self.report.kept = sum(map(len, self.truth.rooms.values()))


def _rooms(limits: RoomLimits) -> tuple[dict[str, RoomConfig], RuntimeRooms]:
    events = [define_event(name, history=History(limit=limit)) for name, limit in zip(NAMES, (20, 5, 2), strict=True)]
    events.append(define_event(EPHEMERAL))
    patterns = [define_event(pattern_of(each.name), history=each.history) for each in events]  # the names are learned
    rooms = {"hall": RoomConfig(name="hall", events=events), "side": RoomConfig(name="side", events=patterns)}
    rooms[SMALL_ROOM] = RoomConfig(name="cell", events=events, max_size=CAPACITY)
    return rooms, RuntimeRooms(events=events, max_rooms=limits.in_all, max_rooms_per_user=limits.per_user)
