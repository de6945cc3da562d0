"""Fan-out over many rooms: each with a few subscribers and a publisher of its own."""

from __future__ import annotations

import asyncio
from time import perf_counter

from .figures import Figure
from .raw_client import DEADLINE_S, RawClient, close_all, open_many
from .requests import is_events, is_triggered, last_seq, trigger
from .rooms import PUBLISHERS, own_room
from .setting import Setting

SUBSCRIBERS = 5
EVENTS = 20_000


async def measure(setting: Setting) -> list[Figure]:
    """Deliveries a second: 200 rooms, five subscribers in each, and one event at a time in each."""
    each = max(2, setting.some(EVENTS) // PUBLISHERS)
    async with setting.server() as server:
        rooms = [_Room(index, each) for index in range(PUBLISHERS)]
        clients = await open_many(server.port, PUBLISHERS * (SUBSCRIBERS + 1))
        for index, client in enumerate(clients):
            await rooms[index % PUBLISHERS].enter(client)
        begin, cpu = perf_counter(), server.cpu_s()
        async with asyncio.timeout(2 * DEADLINE_S):
            for room in rooms:
                room.publish()
            await asyncio.gather(*(room.done for room in rooms))
        took, cpu = perf_counter() - begin, server.cpu_s() - cpu
        await close_all(clients)
    deliveries = PUBLISHERS * each * SUBSCRIBERS
    what = f"{PUBLISHERS} rooms of {SUBSCRIBERS}, one event at a time in each"
    return [Figure(what=what, value=deliveries / took, unit="deliveries/s", cpu_s=cpu / deliveries)]


class _Room:
    """One room: its publisher goes on when its event was answered; done when all subscribers have all events."""

    def __init__(self, index: int, events: int) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._id = own_room(index)
        self._events = events
        self._left = events
        self._behind = SUBSCRIBERS
        self._frame = trigger(self._id, 1)
        self._publisher: RawClient | None = None

    async def enter(self, client: RawClient) -> None:
        """The first is the publisher, the others are subscribers."""
        if self._publisher is None:
            self._publisher = client
            await client.ask("join", roomId=self._id, events=[])
            client.receive = self._go_on
        else:
            await client.ask("join", roomId=self._id)
            client.receive = self._count

    def publish(self) -> None:
        """Send the next event."""
        assert self._publisher is not None
        self._publisher.send(self._frame)

    def _go_on(self, payload: bytes) -> None:
        if not is_triggered(payload):
            self._fail(payload)
            return
        self._left -= 1
        if self._left:
            self.publish()

    def _count(self, payload: bytes) -> None:
        if not is_events(payload):
            self._fail(payload)
        elif last_seq(payload) == self._events:
            self._behind -= 1
            if not self._behind:
                self.done.set_result(None)

    def _fail(self, payload: bytes) -> None:
        if not self.done.done():
            self.done.set_exception(RuntimeError(payload.decode()))
