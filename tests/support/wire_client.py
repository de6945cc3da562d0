"""A client of `dialogue.v1` that sees every frame, in order, and holds each to what all frames must be, and to what
`/asyncapi.json` says: also what it sends itself, where the server takes it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

from anyio import fail_after
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from .described import ensure_sent_as_described, ensure_taken_as_described

DEADLINE_S = 60.0
MAX_OUT_FRAME = 1 << 20

Message = dict[str, Any]


class WireClient:
    """One connection. What it reads stays in `frames`; each answer and each push is given out once."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.frames: list[Message] = []
        self.sizes: list[int] = []
        self._ids = count(1)
        self._unread: list[Message] = []
        self._asked: dict[int, Message] = {}

    async def ask(self, kind: str, **fields: object) -> Message:
        """Send a request and give back its answer, which is no error."""
        answer = await self.answer(await self.send(kind, **fields))
        assert answer["type"] != "error", answer
        return answer

    async def refused(self, kind: str, **fields: object) -> Message:
        """Send a request and give back the error that answers it."""
        answer = await self.answer(await self.send(kind, **fields))
        assert answer["type"] == "error", answer
        assert answer["message"], answer
        return answer

    async def send(self, kind: str, **fields: object) -> int:
        """Send a request without waiting; its id."""
        request_id = next(self._ids)
        self._asked[request_id] = {"type": kind, "id": request_id, **fields}
        await self.send_text(json.dumps(self._asked[request_id]))
        return request_id

    async def send_text(self, text: str | bytes) -> None:
        """Send any frame."""
        with fail_after(DEADLINE_S):
            await self.socket.send(text)

    async def answer(self, request_id: object) -> Message:
        """The answer that carries that id."""
        return await self._find(lambda frame: "id" in frame and same(frame["id"], request_id))

    async def answers(self, request_ids: Iterable[object]) -> list[Message]:
        """The answers to several requests, in the order of the requests."""
        return [await self.answer(request_id) for request_id in request_ids]

    async def pushed(self, kind: str, room_id: str | None = None) -> Message:
        """The next frame of that type that answers no request."""
        return await self._find(
            lambda frame: (
                "id" not in frame and frame["type"] == kind and room_id in (None, frame.get("roomId", room_id))
            )
        )

    async def events(self, amount: int, room_id: str | None = None) -> list[Message]:
        """The next events that come live, at least so many, oldest first."""
        events: list[Message] = []
        while len(events) < amount:
            events += (await self.pushed("events", room_id))["events"]
        return events

    async def settle(self) -> list[Message]:
        """Everything that was pushed up to now: a ping's answer comes behind it."""
        await self.ask("ping")
        pushed, self._unread = [frame for frame in self._unread if "id" not in frame], []
        return pushed

    async def join(self, room_id: str, **fields: object) -> Message:
        """Join a room."""
        return await self.ask("join", roomId=room_id, **fields)

    async def trigger(self, room_id: str, event: str = "message", data: object = None, **fields: object) -> Message:
        """Publish, by default a short message."""
        return await self.ask("trigger", roomId=room_id, event=event, data=data or {"text": "hi"}, **fields)

    async def publish(self, room_id: str, amount: int, event: str = "message", padding: str = "") -> list[int]:
        """Publish many, in flight together; their seqs."""
        sent = [
            await self.send("trigger", roomId=room_id, event=event, data={"text": f"{number}{padding}"})
            for number in range(1, amount + 1)
        ]
        answers = await self.answers(sent)
        assert {answer["type"] for answer in answers} <= {"triggered"}, answers
        return [answer["seq"] for answer in answers]

    async def page(self, room_id: str, **fields: object) -> Message:
        """A page of history."""
        return await self.ask("getHistory", roomId=room_id, **fields)

    async def closed(self) -> tuple[int | None, str]:
        """Read on until the server closes; the code and the reason that it gave."""
        try:
            while True:
                await self._read()
        except ConnectionClosed as closed:
            return (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd is not None else (None, "")

    async def _find(self, wanted: Any) -> Message:
        index = 0
        while True:
            while index < len(self._unread):
                if wanted(self._unread[index]):
                    return self._unread.pop(index)
                index += 1
            await self._read()

    async def _read(self) -> None:
        with fail_after(DEADLINE_S):
            text = await self.socket.recv()
        assert isinstance(text, str), "every frame is text"
        self.sizes.append(len(text.encode()))
        assert self.sizes[-1] <= MAX_OUT_FRAME
        frame = json.loads(text, object_pairs_hook=without_repeats)
        assert next(iter(frame)) == "type", frame
        self._ensure_described(frame)
        self.frames.append(frame)
        self._unread.append(frame)

    def _ensure_described(self, frame: Message) -> None:
        ensure_sent_as_described(frame)
        asked = self._asked.pop(frame["id"], None) if type(frame.get("id")) is int else None
        if asked is not None and frame["type"] != "error":
            ensure_taken_as_described(asked)


def same(one: object, other: object) -> bool:
    """Equal, and of one type: 1, 1.0, True and "1" are different ids."""
    return type(one) is type(other) and one == other


def without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The JSON object, in which no key stands twice."""
    assert len(dict(pairs)) == len(pairs), pairs
    return dict(pairs)


@asynccontextmanager
async def opened(url: str, **options: Any) -> AsyncIterator[WireClient]:
    """A connection that has sent nothing yet."""
    settings: dict[str, Any] = {
        "subprotocols": ["dialogue.v1"],
        "compression": None,
        "max_size": None,
        "ping_interval": None,
        "open_timeout": None,  # DEADLINE_S is
        "close_timeout": 1,
        "proxy": None,
    }
    with fail_after(DEADLINE_S):
        socket = await connect(url, **(settings | options))
    try:
        yield WireClient(socket)
    finally:
        await socket.close()


@asynccontextmanager
async def connected(url: str, user_id: str | None = None, **options: Any) -> AsyncIterator[WireClient]:
    """A connection whose `connect` was answered."""
    async with opened(url, **options) as client:
        await client.ask("connect", auth={} if user_id is None else {"userId": user_id})
        yield client


def seqs(events: Iterable[Message]) -> list[int]:
    """Their places."""
    return [event["seq"] for event in events]


def texts(events: Iterable[Message]) -> list[str]:
    """What they say."""
    return [event["data"]["text"] for event in events]


def error_paths(error: Message) -> list[str]:
    """The fields that a refusal names."""
    return [problem["path"] for problem in error["details"]]
