"""Engine.IO and Socket.IO by hand, for what no well-behaved client does."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from anyio import fail_after
from websockets.asyncio.client import ClientConnection, connect

DEADLINE_S = 60.0
SEPARATOR = "\x1e"


class RawSocket:
    """A WebSocket whose packets are written and read as they are."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.pid: str | None = None
        self.offset: str | None = None

    async def say(self, packet: str | bytes) -> None:
        """Send a packet of Engine.IO's."""
        with fail_after(DEADLINE_S):
            await self.socket.send(packet)

    async def emit(self, name: str, /, **fields: object) -> None:
        """Emit an event `dialogue:…`."""
        await self.say("42" + json.dumps([f"dialogue:{name}", fields]))

    async def packet(self) -> str:
        """The next packet."""
        with fail_after(DEADLINE_S):
            packet = await self.socket.recv()
        assert isinstance(packet, str), "every packet is text"
        return packet

    async def connect(self, **auth: object) -> dict[str, Any]:
        """Say who one is; what the CONNECT is answered with. `dialogue:connected` has been read behind it."""
        await self.say("40" + json.dumps(auth))
        while (packet := await self.packet()) == "2":
            await self.say("3")
        assert packet.startswith("40"), packet
        answer: dict[str, Any] = json.loads(packet[2:])
        self.pid = answer["pid"]
        assert (await self.event())[0] == "dialogue:connected"
        return answer

    async def event(self) -> list[Any]:
        """The next event, with its arguments but the offset, which is remembered."""
        packet = await self.packet()
        while packet == "2":
            await self.say("3")
            packet = await self.packet()
        assert packet.startswith("42"), packet
        said: list[Any] = json.loads(packet[2:])
        if len(said) > 2:
            self.offset = said.pop()
        return said

    async def told(self, name: str) -> Any:
        """What the next event `dialogue:…` of that name says."""
        while True:
            said, value = await self.event()
            if said == f"dialogue:{name}":
                return value


@asynccontextmanager
async def raw_socket(http: str, query: str = "") -> AsyncIterator[RawSocket]:
    """A WebSocket of Engine.IO's that is open, and nothing more."""
    url = f"{http.replace('http', 'ws', 1)}/socket.io/?EIO=4&transport=websocket{query}"
    async with connect(
        url, proxy=None, compression=None, ping_interval=None, open_timeout=DEADLINE_S, max_size=None, close_timeout=1
    ) as socket:
        raw = RawSocket(socket)
        assert (await raw.packet()).startswith("0")
        yield raw


class RawPolling:
    """Polling, request by request."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.sid = ""

    async def open(self) -> dict[str, Any]:
        """The handshake; what it says."""
        answer = await self.client.get(self.path)
        assert answer.status_code == 200, answer.text
        assert answer.text.startswith("0"), answer.text
        said: dict[str, Any] = json.loads(answer.text[1:])
        self.sid = said["sid"]
        return said

    @property
    def path(self) -> str:
        """Where requests go."""
        return "/socket.io/?EIO=4&transport=polling" + (f"&sid={self.sid}" if self.sid else "")

    async def post(self, body: str | bytes) -> httpx.Response:
        """Send packets."""
        return await self.client.post(self.path, content=body, headers={"Content-Type": "text/plain;charset=UTF-8"})

    async def poll(self) -> list[str]:
        """Ask for packets, and wait for them."""
        answer = await self.client.get(self.path)
        assert answer.status_code == 200, answer.text
        return answer.text.split(SEPARATOR)

    async def until(self, prefix: str) -> str:
        """Poll until there is a packet that begins so."""
        while True:
            for packet in await self.poll():
                if packet.startswith(prefix):
                    return packet
                if packet == "2":
                    await self.post("3")


@asynccontextmanager
async def raw_polling(http: str) -> AsyncIterator[RawPolling]:
    """Polling that has not begun."""
    async with httpx.AsyncClient(base_url=http, timeout=DEADLINE_S, trust_env=False) as client:
        yield RawPolling(client)
