"""What one client can cost: the dearest legal requests, each sent without pause by one client, beside others' echo."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from time import perf_counter

from .figures import Figure, p50, p99
from .frames import client_frame
from .raw_client import DEADLINE_S, RawClient, Refused
from .requests import is_events, trigger
from .rooms import CROWD, DEEP, FREE, MESSAGE
from .server_process import Server
from .setting import Setting

NUMBER = 400
STORED = 2_000
BURST_S = 15.0
"""In so long a client has spent what it may do at once, where it is limited at all."""
IN_FLIGHT = 16
"""So many requests the client keeps unanswered: more would only wait in its own socket."""
LARGE = "x" * 400

Body = Callable[[int], dict[str, object]]
"""The n-th request."""


def _page(_: int) -> dict[str, object]:
    return {"type": "getHistory", "roomId": DEEP, "around": STORED // 2, "limit": 1_000}


def _join(_: int) -> dict[str, object]:
    return {"type": "join", "roomId": DEEP}


def _recover(epoch: str) -> Body:
    return lambda _: {"type": "join", "roomId": DEEP, "since": {"epoch": epoch, "seq": STORED - 1_000}}


def _batch(_: int) -> dict[str, object]:
    events = [{"event": MESSAGE, "data": {"text": LARGE, "username": "eve"}} for _ in range(100)]
    return {"type": "triggerBatch", "roomId": DEEP, "events": events}


def _values(_: int) -> dict[str, object]:
    data = [[index] for index in range(4_900)]
    return {"type": "trigger", "roomId": FREE, "event": FREE, "data": data}


def _large(_: int) -> dict[str, object]:
    return {"type": "trigger", "roomId": FREE, "event": FREE, "data": "x" * 60_000}


def _rooms(_: int) -> dict[str, object]:
    return {"type": "listRooms", "limit": 1_000}


def _unknown(_: int) -> dict[str, object]:
    return {"type": "nothing", "more": "x" * 60_000}


def _mark(number: int) -> dict[str, object]:
    return {"type": "markRead", "roomId": DEEP, "seq": 1 + number % STORED}


def _come_and_go(number: int) -> dict[str, object]:
    return {"type": ("leave", "join")[number % 2], "roomId": CROWD}


def _ping(_: int) -> dict[str, object]:
    return {"type": "ping"}


async def measure(setting: Setting) -> list[Figure]:
    """The others' p99 beside each kind, against their p99 alone, just before; without limits, and with the defaults."""
    figures: list[Figure] = []
    for limits in ("off", "on"):
        async with setting.server("--rate-limits", limits) as server:
            figures += await _measure(server, setting, limits)
    return figures


async def _measure(server: Server, setting: Setting, limits: str) -> list[Figure]:
    figures: list[Figure] = []
    other = await RawClient.open(server.port, "ada")
    await other.ask("join", roomId=CROWD)
    epoch = await _fill(server)
    number = setting.some(NUMBER)
    for what, body in _kinds(epoch).items():
        alone = await _echo(other, number)
        async with _asking(server, f"eve, {what}", body, is_limited=limits == "on") as answered:
            cpu = server.cpu_s()
            beside = await _echo(other, number)
            spent, answers = server.cpu_s() - cpu, answered()
        figures.append(
            Figure(
                what=f"{what}, limits {limits}: others' echo p99",
                value=p99(beside) * 1e3,
                unit="ms",
                cpu_s=spent / max(1, answers + number),
                ratio=p99(beside) / p99(alone),
                remark=f"against alone; p50 {p50(beside) / p50(alone):.1f}; {answers / sum(beside):,.0f} answers/s",
            )
        )
    await other.close()
    return figures


def _kinds(epoch: str) -> Mapping[str, Body]:
    return {
        "nothing at all": lambda _: {},
        "pages of 1,000 events": _page,
        "joins": _join,
        "recoveries of 1,000 events": _recover(epoch),
        "batches of 100 events": _batch,
        "events of 10,000 values": _values,
        "events of 60 KB": _large,
        "lists of rooms": _rooms,
        "read marks": _mark,
        "comings and goings": _come_and_go,
        "frames of 60 KB that say nothing": _unknown,
        "pings": _ping,
    }


async def _fill(server: Server) -> str:
    """A room with a history, by users whom no limit holds up for long; its epoch."""
    epoch = ""
    for first in range(0, STORED, 100):
        client = await RawClient.open(server.port, f"filler-{first}")
        epoch = (await client.ask("join", roomId=DEEP))["position"]["epoch"]
        await client.ask("triggerBatch", **{name: value for name, value in _batch(0).items() if name != "type"})
        await client.close()
    return epoch


@asynccontextmanager
async def _asking(server: Server, user_id: str, body: Body, *, is_limited: bool) -> AsyncIterator[Callable[[], int]]:
    """One client that asks that without pause, and comes back when it is closed; gives how many answers it got.

    It has spent before what it may do at once: what counts is what it can go on with.
    """
    answers = 0
    warned = asyncio.Event()

    async def once(client: RawClient) -> None:
        nonlocal answers
        room = asyncio.Semaphore(IN_FLIGHT)

        def receive(payload: bytes) -> None:
            nonlocal answers
            if b"RATE_LIMITED" in payload[:200]:
                warned.set()
            if b'"id":' in payload[:2_000] or not is_events(payload):
                answers += 1
                room.release()

        await client.ask("join", roomId=DEEP, events=[])
        await client.ask("join", roomId=CROWD, events=[])
        await client.ask("join", roomId=FREE, events=[])
        client.receive = receive
        for number in range(1_000_000):
            while not client.has_ended and room.locked():  # noqa: ASYNC110  # nothing tells that both at once
                await asyncio.sleep(0.001)
            if client.has_ended:
                return
            await room.acquire()
            client.send(client_frame(json.dumps({"id": number, **body(number)}, separators=(",", ":")).encode()))

    async def for_ever() -> None:
        while True:
            try:
                client = await RawClient.open(server.port, user_id)
                await once(client)
            except Refused:
                await asyncio.sleep(0.05)

    if not body(0):
        yield lambda: 0
        return
    task = asyncio.create_task(for_ever())
    with suppress(TimeoutError):
        async with asyncio.timeout(BURST_S if is_limited else 0.2):
            await warned.wait()  # what it may do at once is done
    try:
        yield lambda: answers
    finally:
        task.cancel()


async def _echo(client: RawClient, number: int) -> list[float]:
    """From a trigger to one's own event, one after the other."""
    times: list[float] = []
    frame = trigger(CROWD, 1)
    arrived = asyncio.Event()

    def receive(payload: bytes) -> None:
        if is_events(payload):
            arrived.set()

    client.receive = receive
    async with asyncio.timeout(2 * DEADLINE_S):
        for _ in range(number):
            arrived.clear()
            began = perf_counter()
            client.send(frame)
            await arrived.wait()
            times.append(perf_counter() - began)
            await asyncio.sleep(0.01)
    return times
