"""Strangers who call one path over HTTP, each on a connection of its own, as fast as they are answered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from anyio import connect_tcp, create_task_group
from anyio.streams.buffered import BufferedByteReceiveStream

from ..support.server_process import ServerProcess

MAX_HEAD = 10_000


@dataclass
class Callers:
    """How they were answered: the statuses, in order."""

    statuses: list[int] = field(default_factory=list)

    async def call(self, port: int, path: str) -> None:
        """Call until cancelled."""
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
        async with await connect_tcp("127.0.0.1", port) as stream:
            buffered = BufferedByteReceiveStream(stream)
            while True:
                await stream.send(request)
                head = (await buffered.receive_until(b"\r\n\r\n", MAX_HEAD)).lower()
                length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
                if length:
                    await buffered.receive_exactly(length)
                self.statuses.append(int(head.split(b" ", 2)[1]))


@asynccontextmanager
async def calling(server: ServerProcess, paths: dict[str, int]) -> AsyncIterator[Callers]:
    """So many callers of each path, for as long as the context lasts."""
    callers = Callers()
    async with create_task_group() as tasks:
        for path, amount in paths.items():
            for _ in range(amount):
                tasks.start_soon(callers.call, server.port, path)
        yield callers
        tasks.cancel_scope.cancel()
