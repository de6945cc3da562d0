"""What one client can cost: the dearest legal requests, each sent without pause by one client, beside others' echo.

Alone and beside it in turn, several times: so what else the machine does meets both, and the median of the rounds is
told.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from statistics import median
from time import perf_counter

from .dear_requests import STORED, batch, kinds
from .figures import Figure, p50, p99
from .raw_client import RawClient
from .requests import is_events, trigger
from .rooms import DEEP, own_room
from .server_process import TESTS, Server
from .setting import Setting

OTHERS = 4
ROUNDS = 3
ALONE_S = 1.0
BESIDE_S = 2.0
BURST_S = 10.0
"""In so long a client that is limited has spent what it may do at once, and was told so."""
SETTLE_S = 0.2
SPENT_S = 1.5
"""In so long a client has spent what came back to it while it rested."""
PAUSE_S = (0.004, 0.014)
"""Between two echoes of one client: drawn anew each time, to meet every moment of what the other one does."""
LIMITS: Mapping[str, tuple[str, ...]] = {"off": (), "on": ("--proxy-headers",)}


async def measure(setting: Setting) -> list[Figure]:
    """The others' p99 beside each kind, as a multiple of theirs alone; without limits, and with the defaults."""
    figures: list[Figure] = []
    for limits, options in LIMITS.items():
        async with setting.server("--rate-limits", limits, *options) as server:
            figures += await measure_on(server, setting, limits)
    return figures


async def measure_on(server: Server, setting: Setting, limits: str, only: str = "") -> list[Figure]:
    """The same of one server; `only` kinds whose name begins so."""
    epoch = await _fill(server)
    others = [await RawClient.open(server.port, f"other-{number}") for number in range(OTHERS)]
    for number, other in enumerate(others):
        await other.ask("join", roomId=own_room(number))
    figures = []
    for name in kinds(epoch):
        if name.startswith(only):
            async with asker(server, name, epoch) as ask:
                figures.append(await _beside(server, others, ask, f"{name}, limits {limits}", setting))
    for other in others:
        await other.close()
    return figures


async def _beside(server: Server, others: list[RawClient], ask: Ask, what: str, setting: Setting) -> Figure:
    share = 0.5 if setting.quick else 1.0
    await ask("go")
    if what.endswith("on"):
        await _spent(ask)
    ratios, medians, values, answers, cpu_s = [], [], [], 0, 0.0
    for _ in range(1 if setting.quick else ROUNDS):
        await ask("rest")
        await asyncio.sleep(SETTLE_S)
        alone = await _echoes(others, ALONE_S * share)
        await ask("go")
        await asyncio.sleep(SPENT_S)
        before, spent = await ask("go"), server.cpu_s()
        beside = await _echoes(others, BESIDE_S * share)
        cpu_s += server.cpu_s() - spent
        answers += await ask("rest") - before
        ratios.append(p99(beside) / p99(alone))
        medians.append(p50(beside) / p50(alone))
        values.append(p99(beside))
    return Figure(
        what=f"{what}: others' echo p99",
        value=median(values) * 1e3,
        unit="ms",
        cpu_s=cpu_s / (len(ratios) * BESIDE_S * share),
        ratio=median(ratios),
        remark=f"{min(ratios):.1f} to {max(ratios):.1f}; p50 {median(medians):.1f}; "
        f"{answers / (len(ratios) * BESIDE_S * share):,.0f} answers/s",
    )


async def _spent(ask: Ask) -> None:
    """Wait until the client has spent what it may do at once."""
    with suppress(TimeoutError):
        async with asyncio.timeout(BURST_S):
            while not ask.refusals:
                await asyncio.sleep(SETTLE_S)
                await ask("go")


async def _fill(server: Server) -> str:
    """A room with a history, by users whom no limit holds up for long; its epoch."""
    epoch = ""
    for first in range(0, STORED, 100):
        client = await RawClient.open(server.port, f"filler-{first}")
        epoch = (await client.ask("join", roomId=DEEP))["position"]["epoch"]
        await client.ask("triggerBatch", **{name: value for name, value in batch().items() if name != "type"})
        await client.close()
    return epoch


class Ask:
    """The client that asks without pause, in its own process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.refusals = 0
        """How often it was told that it asks too often."""

    async def __call__(self, command: str) -> int:
        """Let it `go`, or `rest`; how many answers it has had."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n".encode())
        answers, self.refusals = map(int, (await self.line()).split())
        return answers

    async def line(self) -> str:
        """What it says next."""
        assert self._process.stdout is not None
        async with asyncio.timeout(60):
            return (await self._process.stdout.readline()).decode()


@asynccontextmanager
async def asker(server: Server, name: str, epoch: str) -> AsyncIterator[Ask]:
    """One for requests of that kind, which waits until it is told to go."""
    command = [sys.executable, "-m", "tests.benchmarks.asker", str(server.port), name, epoch]
    pipe = asyncio.subprocess.PIPE
    environment = {**os.environ, "PYTHONPATH": str(TESTS.parent)}
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, env=environment)
    try:
        ask = Ask(process)
        assert await ask.line() == "ready\n"
        yield ask
    finally:
        process.kill()
        await process.wait()


async def _echoes(others: list[RawClient], seconds: float) -> list[float]:
    """From a trigger to one's own event, one after the other, of each of the others."""
    found: list[float] = []
    until = perf_counter() + seconds
    async with asyncio.TaskGroup() as tasks:
        for number, other in enumerate(others):
            tasks.create_task(_echo(other, number, until, found))
    return found


async def _echo(client: RawClient, number: int, until: float, found: list[float]) -> None:
    frame = trigger(own_room(number), 1)
    draw = random.Random(number)
    arrived = asyncio.Event()

    def receive(payload: bytes) -> None:
        if is_events(payload):
            arrived.set()

    client.receive = receive
    async with asyncio.timeout(60 + until - perf_counter()):
        while (began := perf_counter()) < until:
            arrived.clear()
            client.send(frame)
            await arrived.wait()
            found.append(perf_counter() - began)
            await asyncio.sleep(draw.uniform(*PAUSE_S))
