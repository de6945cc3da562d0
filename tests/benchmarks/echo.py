"""Echo: one client alone, from its trigger to its own event and to its answer."""

from __future__ import annotations

import asyncio
from time import perf_counter

from .figures import Figure, p50, p99
from .frames import client_frame
from .raw_client import DEADLINE_S, RawClient
from .requests import is_events, is_triggered, trigger
from .rooms import CROWD
from .setting import Setting

NUMBER = 1_000


async def measure(setting: Setting) -> list[Figure]:
    """How long both take on an idle server, and a `ping`, which is kept nowhere."""
    async with setting.server() as server:
        client = await RawClient.open(server.port)
        await client.ask("join", roomId=CROWD)
        async with asyncio.timeout(2 * DEADLINE_S):
            await _echo(client, setting.some(NUMBER) // 10)
            cpus = [server.cpu_s()]
            events, answers = await _echo(client, setting.some(NUMBER))
            cpus.append(server.cpu_s())
            pings = await _ping(client, setting.some(NUMBER))
            cpus.append(server.cpu_s())
        await client.close()
    return [
        Figure(what="ping → pong p50", value=p50(pings) * 1e3, unit="ms", cpu_s=(cpus[2] - cpus[1]) / len(pings)),
        Figure(what="trigger → own event p50", value=p50(events) * 1e3, unit="ms"),
        Figure(what="trigger → own event p99", value=p99(events) * 1e3, unit="ms"),
        Figure(
            what="trigger → triggered p50",
            value=p50(answers) * 1e3,
            unit="ms",
            cpu_s=(cpus[1] - cpus[0]) / len(answers),
            ratio=p50(answers) / p50(pings),
            remark="against ping → pong",
        ),
        Figure(what="trigger → triggered p99", value=p99(answers) * 1e3, unit="ms"),
    ]


async def _echo(client: RawClient, number: int) -> tuple[list[float], list[float]]:
    events: list[float] = []
    answers: list[float] = []
    frame = trigger(CROWD, 1)
    both = asyncio.Event()
    sent = 0.0

    def receive(payload: bytes) -> None:
        now = perf_counter()
        if is_events(payload):
            events.append(now - sent)
        elif is_triggered(payload):
            answers.append(now - sent)
        if len(events) == len(answers):
            both.set()

    client.receive = receive
    for _ in range(number):
        both.clear()
        sent = perf_counter()
        client.send(frame)
        await both.wait()
    return events, answers


async def _ping(client: RawClient, number: int) -> list[float]:
    times: list[float] = []
    frame = client_frame(b'{"type":"ping"}')
    answered = asyncio.Event()
    client.receive = lambda _: answered.set()
    for _ in range(number):
        answered.clear()
        begin = perf_counter()
        client.send(frame)
        await answered.wait()
        times.append(perf_counter() - begin)
    return times
