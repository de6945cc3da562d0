"""The machine: what a bare loopback echo, bare writes to many sockets and one durable commit cost here and now."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from time import perf_counter

from .bare_server import TO_ALL
from .figures import Figure, p50
from .raw_client import DEADLINE_S
from .server_process import running_bare
from .setting import Setting

SUBSCRIBERS = 100
SIZE = 200


async def measure(setting: Setting) -> list[Figure]:
    """See the module."""
    with setting.scratch() as folder:
        commits = [_commits(folder / "bare.db", rows, setting.some(200)) for rows in (1, 100)]
        async with running_bare(folder) as server, asyncio.timeout(DEADLINE_S):
            await _echo(server.port, setting.some(1_000))  # the processor wakes up
            echo = await _echo(server.port, setting.some(5_000))
            writes = await _writes(server.port, setting.some(500))
    return [
        Figure(what="bare loopback echo", value=1 / echo, unit="round trips/s", remark=f"p50 {echo * 1e6:.0f} µs"),
        Figure(
            what=f"bare writes to {SUBSCRIBERS} sockets",
            value=writes,
            unit="writes/s",
            remark=f"{SIZE} bytes each, received; uvloop, no WebSocket",
        ),
        Figure(what="SQLite commit of 1 row, fsynced", value=commits[0] * 1e3, unit="ms", remark="p50; WAL, FULL"),
        Figure(
            what="SQLite commit of 100 rows, fsynced",
            value=commits[1] * 1e3,
            unit="ms",
            ratio=commits[1] / commits[0],
            remark="against 1 row",
        ),
    ]


async def _echo(port: int, number: int) -> float:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    times = []
    for _ in range(number):
        begin = perf_counter()
        writer.write(b"x" * SIZE)
        await reader.readexactly(SIZE)
        times.append(perf_counter() - begin)
    writer.close()
    return p50(times)


async def _writes(port: int, number: int) -> float:
    sockets = [await asyncio.open_connection("127.0.0.1", port) for _ in range(SUBSCRIBERS)]
    for reader, writer in sockets:  # connected is not yet accepted
        writer.write(b"x")
        await reader.readexactly(1)
    begin = perf_counter()
    for _ in range(number):
        sockets[0][1].write(TO_ALL * SIZE)
        await asyncio.gather(*(reader.readexactly(SIZE) for reader, _ in sockets))
    took = perf_counter() - begin
    for _, writer in sockets:
        writer.close()
    return number * SUBSCRIBERS / took


def _commits(path: Path, rows: int, number: int) -> float:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE IF NOT EXISTS kept (id INTEGER PRIMARY KEY, data TEXT)")
    times = []
    for _ in range(number):
        begin = perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO kept (data) VALUES (?)", [("x" * SIZE,)] * rows)
        connection.execute("COMMIT")
        times.append(perf_counter() - begin)
    connection.close()
    return p50(times)
