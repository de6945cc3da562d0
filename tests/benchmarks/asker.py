"""One client that asks for the same without pause, in a process of its own: what it does costs nobody else's clock.

`python -m tests.benchmarks.asker PORT KIND EPOCH` reads `go` and `rest` from its standard input, and says to each how
many answers it has had so far.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from contextlib import suppress

import uvloop

from .dear_requests import Kind, kinds
from .frames import client_frame
from .raw_client import HOST, RawClient, Refused
from .requests import is_events
from .rooms import CROWD, DEEP, FREE, LIVELY

IN_FLIGHT = 16
"""So many requests the client keeps unanswered: more would only wait in its own socket."""
ADDRESS = "203.0.113.9"
RETRY = re.compile(rb'"retryAfterMs": ?(\d+)')


class Asker:
    """Asks while it may, and connects again where it is closed.

    Where it is told that it asks too often, it goes on just as often as is allowed: who does not heed it is closed, and
    costs less.
    """

    def __init__(self, port: int, name: str, kind: Kind) -> None:
        self._port = port
        self._name = name
        self._kind = kind
        self.may = asyncio.Event()
        self.answers = 0
        self.refusals = 0
        self._every_s = 0.0

    async def run(self) -> None:
        """Ask until cancelled."""
        while True:
            with suppress(Refused, OSError, asyncio.IncompleteReadError):
                await (self._by_http() if self._kind.path is not None else self._by_socket())
            await asyncio.sleep(0.05)

    async def _by_socket(self) -> None:
        if self._kind.body is None:
            await asyncio.Future()
        assert self._kind.body is not None
        free = asyncio.Semaphore(IN_FLIGHT)

        def receive(payload: bytes) -> None:
            if b'"id":' in payload[:2_000] or not is_events(payload):
                self.answers += 1
                self._heed(payload[:1_000])
                free.release()

        client = await RawClient.open(self._port, f"eve, {self._name}")
        for room_id in (DEEP, CROWD, FREE, LIVELY):
            await client.ask("join", roomId=room_id, events=[])
        client.receive = receive
        for number in range(1_000_000_000):
            await asyncio.sleep(self._every_s)
            await self.may.wait()
            while not client.has_ended and free.locked():  # noqa: ASYNC110  # nothing tells that both at once
                await asyncio.sleep(0.001)
            if client.has_ended:
                return
            await free.acquire()
            request = {"id": number, **self._kind.body(number)}
            client.send(client_frame(json.dumps(request, separators=(",", ":")).encode()))

    async def _by_http(self) -> None:
        reader, writer = await asyncio.open_connection(HOST, self._port)
        head = f"GET {self._kind.path} HTTP/1.1\r\nHost: {HOST}\r\nX-Forwarded-For: {ADDRESS}\r\n\r\n".encode()
        try:
            while True:
                await self.may.wait()
                writer.write(head)
                answer = await reader.readuntil(b"\r\n\r\n")
                length = next(line for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length:"))
                self._heed((await reader.readexactly(int(length.partition(b":")[2])))[:1_000])
                self.answers += 1
                await asyncio.sleep(self._every_s)
        finally:
            writer.close()

    def _heed(self, answer: bytes) -> None:
        wait = RETRY.search(answer)
        if wait is not None:
            self.refusals += 1
            self._every_s = max(self._every_s, 0.00105 * int(wait[1]))


async def _audience(port: int, number: int) -> list[RawClient]:
    clients = []
    for place in range(number):
        client = await RawClient.open(port, f"listener-{place}")
        await client.ask("join", roomId=LIVELY)
        client.receive = lambda _: None
        clients.append(client)
    return clients


async def main(port: int, name: str, epoch: str) -> None:
    """Do as it is told."""
    os.nice(5)  # it is the server that is measured, and whoever waits for it: not this client
    kind = kinds(epoch)[name]
    audience = await _audience(port, kind.members)
    asker = Asker(port, name, kind)
    asking = asyncio.create_task(asker.run())
    commands = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    print("ready", flush=True)
    async for line in commands:
        if line.strip() == b"go":
            asker.may.set()
        else:
            asker.may.clear()
        print(asker.answers, asker.refusals, flush=True)
    asking.cancel()
    del audience


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
