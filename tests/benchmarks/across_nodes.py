"""How long an event takes from a publisher on one node to a member on another, at a steady and small rate."""

from __future__ import annotations

import asyncio
import json
from time import perf_counter

from .figures import Figure, percentile
from .raw_client import DEADLINE_S, RawClient, close_all
from .requests import is_error, is_events, trigger
from .server_process import Server
from .setting import Setting
from .shared_rooms import CROSSING

EVENTS = 3_000
EVERY_S = 0.005


async def across_nodes(one: Server, two: Server, bus: str, setting: Setting) -> list[Figure]:
    """Published on one, received on two; the ratio is that to a member on one, which received the same events."""
    number = setting.some(EVENTS)
    publisher = await RawClient.open(one.port, "publisher")
    await publisher.ask("join", roomId=CROSSING, events=[])
    members = [_Member(await RawClient.open(node.port, "member"), number) for node in (one, two)]
    for member in members:
        await member.join()
    async with asyncio.timeout(2 * DEADLINE_S):
        sent = await _publish(publisher, number)
        await asyncio.gather(*(member.done for member in members))
    near, far = (member.latencies(sent) for member in members)
    await close_all([publisher, *(member.client for member in members)])
    return [
        Figure(
            what=f"bus {bus}: node one → node two {name}",
            value=percentile(far, share) * 1e3,
            unit="ms",
            ratio=percentile(far, share) / percentile(near, share),
            remark=f"to a member on node one: {percentile(near, share) * 1e3:.2f} ms",
        )
        for name, share in (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999))
    ]


async def _publish(publisher: RawClient, number: int) -> list[float]:
    """Publish at fixed times, whether or not what went before was answered; when each was sent."""
    sent: list[float] = []
    frame = trigger(CROSSING, 1)
    refused: list[bytes] = []

    def receive(payload: bytes) -> None:
        if is_error(payload):
            refused.append(payload)

    publisher.receive = receive
    begin = perf_counter()
    for place in range(number):
        await asyncio.sleep(begin + place * EVERY_S - perf_counter())
        if refused:
            raise RuntimeError(refused[0].decode())
        sent.append(perf_counter())
        publisher.send(frame)
    return sent


class _Member:
    """Keeps what it gets and when; done when it has got `number` events."""

    def __init__(self, client: RawClient, number: int) -> None:
        self.client = client
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._number = number
        self._left = number
        self._got: list[tuple[float, bytes]] = []

    async def join(self) -> None:
        """Enter the room, and listen."""
        await self.client.ask("join", roomId=CROSSING)
        self.client.receive = self._receive

    def latencies(self, sent: list[float]) -> list[float]:
        """How long each took, in seconds. Raises where one is missing, was repeated or came out of order."""
        found = [(now, event["seq"]) for now, frame in self._got for event in json.loads(frame)["events"]]
        seqs = [seq for _, seq in found]
        assert seqs == list(range(1, self._number + 1)), "events are missing, repeated or out of order"
        return [now - then for (now, _), then in zip(found, sent, strict=True)]

    def _receive(self, payload: bytes) -> None:
        if is_events(payload):
            self._got.append((perf_counter(), payload))
            self._left -= payload.count(b'"seq":')
            if self._left <= 0 and not self.done.done():
                self.done.set_result(None)
