"""Memory: what a connection that has joined a room and is idle costs the server."""

from __future__ import annotations

import asyncio
import resource

from .figures import Figure
from .raw_client import close_all, open_many
from .rooms import CROWD
from .setting import Setting

WARM = 50
SPARE_FILES = 100
SETTLE_S = 0.5


async def measure(setting: Setting) -> list[Figure]:
    """The server's resident memory with few and with many connections, and the difference for one."""
    number = min(setting.some(setting.connections), _open_files() - SPARE_FILES)
    async with setting.server() as server:
        few = await open_many(server.port, WARM)  # what the first connections load is nobody's share
        for client in few:
            await client.ask("join", roomId=CROWD)
        before = server.resident_kib()
        many = await open_many(server.port, number)
        for client in many:
            await client.ask("join", roomId=CROWD)
        await asyncio.sleep(SETTLE_S)
        after = server.resident_kib()
        await close_all(few + many)
    return [
        Figure(what=f"server with {WARM} connections", value=before / 1024, unit="MiB"),
        Figure(what=f"server with {number + WARM:,} connections", value=after / 1024, unit="MiB"),
        Figure(what="one connection", value=(after - before) / number, unit="KiB", remark="joined, idle (RSS)"),
    ]


def _open_files() -> int:
    """How many files this process, and the server that it starts, may open: as many as it can allow itself."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        soft = hard if hard != resource.RLIM_INFINITY else max(soft, 8_192)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return soft
