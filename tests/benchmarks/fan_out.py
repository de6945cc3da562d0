"""Fan-out: a few publishers, many subscribers of one room."""

from __future__ import annotations

import asyncio
import json
from time import perf_counter

from .figures import Figure
from .raw_client import DEADLINE_S, RawClient, close_all, open_many
from .requests import is_events, is_triggered, last_seq, trigger
from .rooms import CROWD
from .server_process import Server
from .setting import Setting

PUBLISHERS = 4
WINDOW = 32
DELIVERIES = 2_000_000


async def measure(setting: Setting) -> list[Figure]:
    """Deliveries a second, for each number of subscribers pipelined and one event at a time."""
    found: list[Figure] = []
    for subscribers in setting.subscribers:
        async with setting.server() as server:
            crowd = _Crowd(await open_many(server.port, subscribers))
            await crowd.join()
            events = setting.some(DELIVERIES) // subscribers
            found += await _run(server, crowd, events, PUBLISHERS, WINDOW)
            found += await _run(server, crowd, events // 20, 1, 1)
            crowd.ensure_order()
            await close_all(crowd.clients)
    return found


async def _run(server: Server, crowd: _Crowd, events: int, publishers: int, window: int) -> list[Figure]:
    senders = [_Sender(await RawClient.open(server.port, f"sender-{index}")) for index in range(publishers)]
    for sender in senders:
        await sender.client.ask("join", roomId=CROWD, events=[])
    share = events // publishers
    all_there = crowd.expect(share * publishers)
    begin, cpu = perf_counter(), server.cpu_s()
    async with asyncio.timeout(2 * DEADLINE_S):
        await asyncio.gather(*(sender.send(share, window) for sender in senders))
        answered = perf_counter() - begin
        await all_there
    took, cpu = perf_counter() - begin, server.cpu_s() - cpu
    await close_all([sender.client for sender in senders])
    size = len(crowd.clients)
    rates = f"{crowd.frames / took:,.0f} frames/s, {share * publishers / answered:,.0f} events/s"
    how = f"{publishers} publishers × {window} in flight" if window > 1 else "one event at a time"
    per_frame = share * publishers * size / crowd.frames
    return [
        Figure(
            what=f"to {size:,}, {how}",
            value=share * publishers * size / took,
            unit="deliveries/s",
            cpu_s=cpu / (share * publishers * size),
            ratio=per_frame,
            remark=f"events a frame; {rates}",
        )
    ]


class _Sender:
    """A publisher that keeps a number of requests in flight."""

    def __init__(self, client: RawClient) -> None:
        self.client = client

    async def send(self, number: int, window: int) -> None:
        """Publish `number` events; return when all are answered."""
        done = asyncio.get_running_loop().create_future()
        frame = trigger(CROWD, 1)
        left, unanswered = number - window, min(number, window)

        def answered(payload: bytes) -> None:
            nonlocal left, unanswered
            if not is_triggered(payload):
                done.set_exception(RuntimeError(payload.decode()))
            elif left > 0:
                left -= 1
                self.client.send(frame)
            else:
                unanswered -= 1
                if not unanswered:
                    done.set_result(None)

        self.client.receive = answered
        for _ in range(unanswered):
            self.client.send(frame)
        await done


class _Crowd:
    """The subscribers: each counts what it gets, and the first keeps it, to see that nothing is missing."""

    def __init__(self, clients: list[RawClient]) -> None:
        self.clients = clients
        self.frames = 0
        self._kept: list[bytes] = []
        self._head = self._target = 0
        self._behind = 0
        self._done: asyncio.Future[None]

    async def join(self) -> None:
        """Put all of them into the room."""
        for client in self.clients:
            await client.ask("join", roomId=CROWD)
            client.receive = self._count
        self.clients[0].receive = self._keep

    def expect(self, events: int) -> asyncio.Future[None]:
        """Begin to count; the future is done when everyone has got so many more events."""
        self._target += events
        self._behind = len(self.clients)
        self.frames = 0
        self._done = asyncio.get_running_loop().create_future()
        return self._done

    def ensure_order(self) -> None:
        """Raise where the first subscriber missed an event, got one twice or out of order."""
        seqs = [event["seq"] for frame in self._kept for event in json.loads(frame)["events"]]
        assert seqs == list(range(1, self._target + 1)), "events are missing, repeated or out of order"

    def _keep(self, payload: bytes) -> None:
        self._kept.append(payload)
        self._count(payload)

    def _count(self, payload: bytes) -> None:
        if not is_events(payload):
            self._done.set_exception(RuntimeError(payload.decode()))
        self.frames += 1
        if last_seq(payload) == self._target:
            self._behind -= 1
            if not self._behind:
                self._done.set_result(None)
