"""A whole node, wired as it ships, on the way to a storage that others use too."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any

from anyio import Event as Signal
from dependency_injector import providers

from dialogue import create_dialogue
from dialogue.adapters.memory.transport import MemoryTransport
from dialogue.adapters.wire.request_reader import RequestReader
from dialogue.application.ports.peer import UNKNOWN
from dialogue.application.rooms.runtime_rooms import RuntimeRooms
from dialogue.application.sessions.frame import Closing
from dialogue.application.sessions.requests import Asked
from dialogue.domain.room import RoomConfig

from .link import Link
from .network import NetworkBus
from .owners import OWNER
from .storage import FarStorage


@dataclass(slots=True)
class NodeClock:
    """One node's idea of the time."""

    loop: asyncio.AbstractEventLoop
    ahead_ms: int = 0

    def now_ms(self) -> int:
        """See `Clock.now_ms`."""
        return 1_700_000_000_000 + round(self.loop.time() * 1_000) + self.ahead_ms


class Connection:
    """A client's connection to a node: frames each way, in order, until either side ends it."""

    def __init__(self) -> None:
        self.transport = MemoryTransport()
        self._frames: list[str] = []
        self._arrived = Signal()
        self._reader = RequestReader()
        self.is_over = False

    def send(self, frame: str) -> None:
        """Send a frame to the node."""
        self._frames.append(frame)
        self._wake()

    def end(self) -> None:
        """Be gone, as a client whose machine was switched off."""
        self.is_over = True
        self._wake()

    async def receive(self) -> Asked | Closing | None:
        """What a session hears."""
        while not self._frames and not self.is_over:
            await self._arrived.wait()
        return None if self.is_over else self._reader.read(self._frames.pop(0))

    def _wake(self) -> None:
        arrived, self._arrived = self._arrived, Signal()
        arrived.set()


class SimulatedNode:
    """One life of a node: from its start to its stop, or to where it is killed."""

    def __init__(
        self,
        name: str,
        storage: FarStorage,
        link: Link,
        bus: NetworkBus,
        clock: NodeClock,
        rooms: dict[str, RoomConfig],
        runtime: RuntimeRooms | None,
        settings: dict[str, Any],
    ) -> None:
        self.name = name
        self.link = link
        self.bus = bus
        self.clock = clock
        self.storage = storage
        self.is_up = False
        self.app = create_dialogue(rooms=rooms, runtime_rooms=runtime, database="memory://", settings=settings)
        container = self.app.container
        container.storage.override(providers.Object(storage))
        container.clock.override(providers.Object(clock))
        container.bus.override(providers.Object(bus))
        self._connections: dict[Connection, None] = {}
        self._fault: Exception | None = None
        self._is_started, self._stopping = Signal(), Signal()

    async def run(self) -> None:
        """Live until it is stopped or killed."""
        try:
            async with self.app.lifespan():
                self.is_up = True
                self._is_started.set()
                try:
                    await self._stopping.wait()
                finally:
                    self.is_up = False
        except Exception as error:
            self._fault = error
            self._is_started.set()

    async def started(self) -> None:
        """Wait until it is up."""
        await self._is_started.wait()
        if self._fault is not None:
            raise self._fault

    def stop(self) -> None:
        """Stop it cleanly."""
        self._stopping.set()

    async def connect(self) -> Connection:
        """A new connection, served in tasks of the node's."""
        connection = Connection()
        self._connections[connection] = None
        task = self.begin(self._serve(connection))
        task.add_done_callback(lambda _: self._connections.pop(connection, None))
        return connection

    def begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Do something in a task of the node's."""
        context = copy_context()
        context.run(OWNER.set, self.name)
        return asyncio.get_running_loop().create_task(work, context=context)

    def members(self, room_id: str) -> int:
        """How many sessions it has in the room."""
        return len(list(self.app.container.hub().members(room_id)))

    def cut_off(self) -> None:
        """All its connections end, with no code."""
        for connection in [*self._connections]:
            connection.transport.abort()
            connection.end()
        self.is_up = False

    async def _serve(self, connection: Connection) -> None:
        container = self.app.container
        try:
            await container.serve()(connection.transport, container.codec(), connection.receive, UNKNOWN)
        finally:
            connection.transport.abort()
