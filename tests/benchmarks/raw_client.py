"""A WebSocket client that costs little: it must not be what is measured."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from itertools import count
from typing import Any, cast

from .frames import CLOSE, PING, PONG, TEXT, FrameReader, client_frame, upgrade_request

HOST = "127.0.0.1"
DEADLINE_S = 60.0
SIZE = b'{"type":"roomSize"'
Receive = Callable[[bytes], None]


class Refused(Exception):
    """The server answered with an error, or closed."""


class RawClient(asyncio.Protocol):
    """One connection; each text frame goes, as it came, to `receive`, but those that tell how many are in a room."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._frames = FrameReader()
        self._upgrade: bytes | None = b""
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asking: asyncio.Future[dict[str, Any]] | None = None
        self._ids = count(1)
        self._asked = 0
        self.receive: Receive = self._take_answer
        self._transport: asyncio.Transport

    @property
    def has_ended(self) -> bool:
        """Whether the connection has ended."""
        return self._ended.done()

    @staticmethod
    async def open(port: int, user_id: str = "someone") -> RawClient:
        """Connect, upgrade and say who it is."""
        loop = asyncio.get_running_loop()
        _, client = await loop.create_connection(lambda: RawClient(port), HOST, port)
        async with asyncio.timeout(DEADLINE_S):
            await client._opened
        await client.ask("connect", auth={"userId": user_id})
        return client

    async def ask(self, kind: str, **fields: object) -> dict[str, Any]:
        """Send a request and give back its answer. Raises Refused."""
        self._asked = next(self._ids)
        return await self.ask_raw(client_frame(json.dumps({"type": kind, "id": self._asked, **fields}).encode()))

    async def ask_raw(self, frame: bytes) -> dict[str, Any]:
        """Send a frame that was made before, whose request has the id of `ask`'s last; give back its answer."""
        self._asking = asyncio.get_running_loop().create_future()
        self.receive = self._take_answer
        self.send(frame)
        async with asyncio.timeout(DEADLINE_S):
            answer = await self._asking
        if answer["type"] == "error":
            raise Refused(answer)
        return answer

    def send(self, frame: bytes) -> None:
        """Write a frame."""
        self._transport.write(frame)

    async def close(self) -> None:
        """End the connection, and wait until it has ended."""
        self._transport.abort()
        await self._ended

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class
        self._transport.write(upgrade_request(self._port))

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        if self._upgrade is not None:
            head, end, data = (self._upgrade + data).partition(b"\r\n\r\n")
            self._upgrade = None if end else head
            if not end:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self._fail(Refused(head))
                return
            self._opened.set_result(None)
        for opcode, payload in self._frames.feed(data):
            if opcode == TEXT:
                if not payload.startswith(SIZE):
                    self.receive(payload)
            elif opcode == PING:
                self.send(client_frame(payload, PONG))
            elif opcode == CLOSE:
                self._fail(Refused(payload))

    def connection_lost(self, _exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        if not self._ended.done():
            self._ended.set_result(None)
        self._fail(Refused("the connection was lost"))

    def _fail(self, error: Exception) -> None:
        for future in (self._opened, self._asking):
            if future is not None and not future.done():
                future.set_exception(error)

    def _take_answer(self, payload: bytes) -> None:
        if self._asking is None or self._asking.done() or payload.startswith(b'{"type":"events"'):
            return
        answer = json.loads(payload)
        if answer.get("id") == self._asked:
            self._asking.set_result(answer)


async def open_many(port: int, number: int, at_once: int = 50) -> list[RawClient]:
    """That many connected clients."""
    clients: list[RawClient] = []
    for first in range(0, number, at_once):
        batch = range(first, min(first + at_once, number))
        clients += await asyncio.gather(*(RawClient.open(port, f"user-{index}") for index in batch))
    return clients


async def close_all(clients: list[RawClient]) -> None:
    """End them all."""
    await asyncio.gather(*(client.close() for client in clients))
