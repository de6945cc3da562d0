"""python-socketio's own client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import socketio
from anyio import Event, fail_after

from ..support.cutting_proxy import cutting_proxy
from ..support.server_process import ServerProcess
from ..support.wire_client import connected
from .node_clients import WAYS

pytestmark = pytest.mark.anyio


class Heard:
    """What a client was told."""

    def __init__(self, client: socketio.AsyncClient) -> None:
        self.client = client
        self.told: list[tuple[str, Any]] = []
        self._more = Event()
        client.on("*", self._hear)

    def _hear(self, name: str, *args: Any) -> None:
        self.told.append((name.removeprefix("dialogue:"), args[0]))
        more, self._more = self._more, Event()
        more.set()

    async def until(self, name: str, amount: int = 1) -> list[Any]:
        """All that it was told of that name, once it is so much."""
        with fail_after(60):
            while len(found := [value for each, value in self.told if each == name]) < amount:
                await self._more.wait()
        return found


@asynccontextmanager
async def python_client(url: str, user_id: str, ways: list[str]) -> AsyncIterator[Heard]:
    client = socketio.AsyncClient(reconnection_delay=0.05, reconnection_delay_max=0.1)
    heard = Heard(client)
    await client.connect(url, auth={"userId": user_id}, transports=ways)
    try:
        await heard.until("connected")
        yield heard
    finally:
        await client.shutdown()


@pytest.mark.parametrize("way", WAYS)
async def test_it_talks_over_every_way(server: ServerProcess, user: str, way: str) -> None:
    async with python_client(server.http, user, WAYS[way]) as ada, connected(server.ws, f"{user}-wire") as wire:
        room = {"id": f"{user}-{way}", "name": "A Room"}
        await ada.client.emit("dialogue:createRoom", room)
        await ada.until("roomCreated")
        await wire.join(room["id"])
        await ada.client.emit("dialogue:join", {"roomId": room["id"]})
        await ada.until("joined")
        for number in range(20):
            answer = await ada.client.call(
                "dialogue:trigger", {"roomId": room["id"], "event": "note", "data": {"number": number}}
            )
            assert answer["seq"] == number + 1
        assert await ada.until("event", 20) == await wire.events(20)
        refused = await ada.client.call("dialogue:trigger", {"roomId": room["id"], "event": "what", "data": 1})
        assert refused["error"]["code"] == "EVENT_NOT_ALLOWED"


async def test_it_connects_again_and_joins_anew(server: ServerProcess, user: str) -> None:
    async with (
        cutting_proxy(server.port) as proxy,
        python_client(f"http://127.0.0.1:{proxy.port}", user, ["websocket"]) as ada,
    ):
        await ada.client.emit("dialogue:join", {"roomId": "hall"})
        await ada.until("joined")
        proxy.cut()
        await ada.until("connected", 2)
        await ada.client.emit("dialogue:join", {"roomId": "hall"})
        await ada.until("joined", 2)


async def test_it_says_why_it_may_not_come(server: ServerProcess) -> None:
    client = socketio.AsyncClient(reconnection=False)
    reasons: list[Any] = []
    client.on("connect_error", reasons.append)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await client.connect(server.http, auth={"userId": 7}, transports=["websocket"])
    await client.shutdown()
    assert reasons[0]["data"]["code"] == "INVALID_REQUEST"
