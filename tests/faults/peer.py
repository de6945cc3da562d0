"""A client that checks all that it is sent while it works, and keeps little of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import lru_cache
from itertools import count
from typing import Any

from anyio import fail_after, move_on_after
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidMessage

from ..support.wire_client import Message
from .sightings import Sightings
from .views import Clock, View

DEADLINE_S = 90.0
LOST = (ConnectionClosed, ConnectionError, InvalidMessage)
"""How a connection ends, or does not come about, where the server is gone."""
OPTIONS: dict[str, Any] = {
    "subprotocols": ["dialogue.v1"],
    "compression": None,
    "max_size": None,
    "ping_interval": None,
    "open_timeout": None,  # DEADLINE_S is, also beside a node that stands still
    "close_timeout": 1,
    "proxy": None,
}


class Peer:
    """One connection. Frames are read only while it waits for something; each goes to the view of its room."""

    def __init__(self, socket: ClientConnection, user_id: str, sightings: Sightings, *, clock: Clock) -> None:
        self.user_id = user_id
        self.views: dict[str, View] = {}
        self.past: list[View] = []
        self._socket = socket
        self._sightings = sightings
        self._clock = clock
        self._ids = count(1)
        self._since: dict[int, Message | None] = {}
        self._answers: dict[int, Message] = {}
        self._deadline_s = DEADLINE_S

    async def ask(self, kind: str, **fields: object) -> Message:
        """Send a request and wait for its answer, which may be an error."""
        return await self.answer(await self.send(kind, **fields))

    async def send(self, kind: str, **fields: object) -> int:
        """Send a request; its id."""
        request_id = next(self._ids)
        with fail_after(DEADLINE_S):
            await self._socket.send(json.dumps({"type": kind, "id": request_id, **fields}))
        return request_id

    async def answer(self, request_id: int) -> Message:
        """Read until a request is answered."""
        with fail_after(DEADLINE_S):
            while request_id not in self._answers:
                await self.receive()
        return self._answers.pop(request_id)

    async def join(self, room_id: str, events: list[str] | None = None, since: Message | None = None) -> bool:
        """Join a room; False where the server was not able to."""
        request_id = next(self._ids)
        self._since[request_id] = since
        fields: Message = {"roomId": room_id, "events": events, "since": since}
        given = {name: value for name, value in fields.items() if value is not None}
        with fail_after(DEADLINE_S):
            await self._socket.send(json.dumps({"type": "join", "id": request_id, **given}))
        answer = await self.answer(request_id)
        assert answer["type"] == "joined" or answer["code"] == "UNAVAILABLE", answer
        return "position" in answer

    async def listen(self, seconds: float) -> None:
        """Take up what comes for a while."""
        with move_on_after(seconds):
            while True:
                await self.receive()

    async def last_answers(self) -> dict[int, Message]:
        """The answers, by their request's id, that nobody has waited for; of a connection that has ended."""
        with suppress(ConnectionClosed):
            await self.until_closed()  # what has come before the end is still to be read
        return self._answers

    async def until_closed(self) -> None:
        """Take up what comes until the connection ends, with ConnectionClosed."""
        with fail_after(DEADLINE_S):
            while True:
                await self.receive()

    def drop(self) -> None:
        """Be gone without a word."""
        self._socket.transport.abort()

    async def receive(self) -> None:
        """Read one frame."""
        text = await self._socket.recv()
        assert isinstance(text, str)
        frame = _shared(text) if text.startswith('{"type":"events"') else json.loads(text)
        request_id: int | None = frame.get("id")
        view = self.views.get(frame.get("roomId", ""))
        match frame["type"]:
            case "events":
                assert view is not None, f"never joined, and yet: {frame}"
                view.take_events(frame["events"])
            case "joined":
                self._view(frame["roomId"]).take_joined(frame, self._since.pop(request_id or 0, None))
            case "subscribed" if view is not None:
                view.take_subscribed(frame)
            case "left" if view is not None:
                view.take_left()
                self.past.append(self.views.pop(view.room_id))
        if request_id is not None:
            self._answers[request_id] = frame

    def _view(self, room_id: str) -> View:
        if room_id not in self.views:
            self.views[room_id] = View(room_id, self._sightings, clock=self._clock)
        return self.views[room_id]


@lru_cache(maxsize=256)
def _shared(text: str) -> Message:
    """A frame that many connections get: read once, and the events are the same objects for all."""
    frame: Message = json.loads(text)
    return frame


@asynccontextmanager
async def peer(url: str, user_id: str, sightings: Sightings, *, clock: Clock = Clock.STEADY) -> AsyncIterator[Peer]:
    """A connection of somebody."""
    with fail_after(DEADLINE_S):
        socket = await connect(url, **OPTIONS)
    try:
        client = Peer(socket, user_id, sightings, clock=clock)
        answer = await client.ask("connect", auth={"userId": user_id})
        assert answer["type"] == "connected", answer
        yield client
    finally:
        with move_on_after(2, shield=True):  # also where the test has failed meanwhile
            await socket.close()
