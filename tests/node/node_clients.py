"""The real `socket.io-client` under Node, and what its sockets hear."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

from anyio import Event, create_task_group, fail_after, open_process
from anyio.abc import ByteReceiveStream, Process
from anyio.streams.buffered import BufferedByteReceiveStream

from ..support.node import node_command

DEADLINE_S = 60.0
VERSIONS = ("newest", "before recovery", "oldest")
WAYS = {"polling": ["polling"], "websocket": ["websocket"], "upgraded": ["polling", "websocket"]}

Happening = dict[str, Any]


class NodeClient:
    """One socket. What happens to it stays in `heard`; each thing is given out once."""

    def __init__(self, clients: NodeClients, name: str) -> None:
        self.name = name
        self.heard: list[Happening] = []
        self._clients = clients
        self._unread: list[Happening] = []
        self._acks = count(1)

    async def order(self, order: str, **fields: object) -> None:
        """Have it do something."""
        await self._clients.order(order, name=self.name, **fields)

    async def emit(self, name: str, /, **fields: object) -> None:
        """Emit an event `dialogue:…` and ask for no acknowledgement."""
        await self.order("emit", args=[f"dialogue:{name}", fields])

    async def call(self, name: str, /, **fields: object) -> Any:
        """Emit an event `dialogue:…`; its acknowledgement."""
        ack = next(self._acks)
        await self.order("emit", args=[f"dialogue:{name}", fields], ack=ack)
        return (await self.find(lambda each: each["on"] == "ack" and each["ack"] == ack))["args"][0]

    async def told(self, name: str) -> Any:
        """What the next event `dialogue:…` of that name says."""
        return (await self.event(name))["args"][0]

    async def event(self, name: str) -> Happening:
        """The next event `dialogue:…` of that name."""
        return await self.find(lambda each: each["on"] == "event" and each["event"] == f"dialogue:{name}")

    async def events(self, amount: int) -> list[Any]:
        """The next events of rooms, so many, oldest first."""
        return [await self.told("event") for _ in range(amount)]

    async def happens(self, on: str) -> Happening:
        """The next `connect`, `disconnect` or the like."""
        return await self.find(lambda each: each["on"] == on)

    async def join(self, room_id: str) -> None:
        """Join a room."""
        await self.emit("join", roomId=room_id)
        while (await self.told("joined"))["roomId"] != room_id:
            pass

    async def trigger(self, room_id: str, text: str, event: str = "message") -> Any:
        """Publish a message; the acknowledgement."""
        return await self.call("trigger", roomId=room_id, event=event, data={"text": text})

    @property
    def all_events(self) -> list[Any]:
        """The events of rooms that it was told so far."""
        return [each["args"][0] for each in self.heard if each.get("event") == "dialogue:event"]

    async def find(self, wanted: Callable[[Happening], bool]) -> Happening:
        """The next thing of that kind that happens to it."""
        place = 0
        with fail_after(DEADLINE_S):
            while True:
                while place < len(self._unread):
                    if wanted(self._unread[place]):
                        return self._unread.pop(place)
                    place += 1
                await self._clients.more()

    def hear(self, happening: Happening) -> None:
        """Something happened to it."""
        self.heard.append(happening)
        self._unread.append(happening)


class NodeClients:
    """The sockets of one process of Node."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._clients: dict[str, NodeClient] = {}
        self._more = Event()

    async def open(
        self,
        url: str,
        user_id: str,
        *,
        version: str = "newest",
        ways: Sequence[str] = ("websocket",),
        waits: bool = True,
        **options: object,
    ) -> NodeClient:
        """A socket of that user's, which is connected, unless nobody waits for it."""
        client = NodeClient(self, f"{user_id}-{len(self._clients)}")
        self._clients[client.name] = client
        given = {"transports": ways, "auth": {"userId": user_id}, **options}
        await client.order("open", version=version, url=url, options=given)
        if waits:
            await client.told("connected")
        return client

    async def order(self, order: str, **fields: object) -> None:
        """Have something done."""
        assert self._process.stdin is not None
        await self._process.stdin.send(json.dumps({"order": order, **fields}).encode() + b"\n")

    async def more(self) -> None:
        """Wait until something happens."""
        await self._more.wait()

    async def read(self, output: ByteReceiveStream) -> None:
        """Hear of what happens, until cancelled."""
        lines = BufferedByteReceiveStream(output)
        while True:
            happening = json.loads(await lines.receive_until(b"\n", 1 << 24))
            self._clients[happening.pop("name")].hear(happening)
            more, self._more = self._more, Event()
            more.set()


@asynccontextmanager
async def node_clients() -> AsyncIterator[NodeClients]:
    """A process of Node, for as long as the context lasts."""
    async with await open_process(node_command("client.mjs"), stderr=None) as process, create_task_group() as tasks:
        assert process.stdout is not None
        clients = NodeClients(process)
        tasks.start_soon(clients.read, process.stdout)
        try:
            yield clients
        finally:
            tasks.cancel_scope.cancel()
            process.kill()
