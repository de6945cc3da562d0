"""Publishing: many clients, each in its own room, each waiting for its answer before it goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import repeat
from time import perf_counter

from .figures import Figure, p50, p99
from .raw_client import DEADLINE_S, RawClient, close_all, open_many
from .requests import is_error, is_triggered, trigger
from .rooms import PUBLISHERS, own_room
from .setting import Setting

EVENTS = 20_000


async def measure(setting: Setting) -> list[Figure]:
    """Answered (so: fsynced) publishes a second, and how long each takes."""
    async with setting.server() as server:
        clients = await open_many(server.port, PUBLISHERS)
        for index, client in enumerate(clients):
            await client.ask("join", roomId=own_room(index))
        each = setting.some(EVENTS) // PUBLISHERS
        await _run(clients, max(1, each // 10))
        begin, cpu = perf_counter(), server.cpu_s()
        times = await _run(clients, each)
        took, cpu = perf_counter() - begin, server.cpu_s() - cpu
        alone = await _run(clients[:1], setting.some(1_000))
        await close_all(clients)
    return [
        Figure(what="200 clients, 200 rooms", value=len(times) / took, unit="answered/s", cpu_s=cpu / len(times)),
        Figure(what="latency p50", value=p50(times) * 1e3, unit="ms"),
        Figure(what="latency p99", value=p99(times) * 1e3, unit="ms", ratio=p99(times) / p50(times), remark="p99/p50"),
        Figure(
            what="a batch's gain",
            value=p50(alone) * 1e3,
            unit="ms",
            ratio=len(times) / took * p50(alone),
            remark="one client alone, p50; ratio: 200 clients' rate against its own",
        ),
    ]


async def _run(clients: list[RawClient], each: int) -> list[float]:
    times: list[float] = []
    async with asyncio.timeout(2 * DEADLINE_S):
        await asyncio.gather(
            *(publish(client, repeat(trigger(own_room(index), 1)), each, times) for index, client in enumerate(clients))
        )
    return times


def publish(client: RawClient, frames: Iterator[bytes], left: int, times: list[float]) -> asyncio.Future[None]:
    """Publish `left` of the frames, each when the one before was answered; `times` gets how long each took, in s."""
    done = asyncio.get_running_loop().create_future()
    sent = perf_counter()

    def answered(payload: bytes) -> None:
        nonlocal left, sent
        if not is_triggered(payload):
            if is_error(payload) and not done.done():
                done.set_exception(RuntimeError(payload.decode()))
            return
        now = perf_counter()
        times.append(now - sent)
        left -= 1
        if left:
            sent = now
            client.send(next(frames))
        else:
            done.set_result(None)

    client.receive = answered
    client.send(next(frames))
    return done
