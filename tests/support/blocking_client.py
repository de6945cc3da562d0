"""A client of `dialogue.v1` for tests without a loop: it asks, and waits for the answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from websockets.sync.client import ClientConnection, connect

from .described import ensure_sent_as_described

DEADLINE_S = 90.0


class BlockingClient:
    """One connection. What is pushed while it waits for an answer goes to `pushed`, in order."""

    def __init__(self, socket: ClientConnection) -> None:
        self.pushed: list[dict[str, Any]] = []
        self._socket = socket
        self._ids = count(1)

    def ask(self, kind: str, **fields: object) -> dict[str, Any]:
        """Send a request and give back its answer; fail where it is an error."""
        return self.answer(self.send(kind, **fields))

    def send(self, kind: str, **fields: object) -> int:
        """Send a request; its id."""
        request_id = next(self._ids)
        self._socket.send(json.dumps({"type": kind, "id": request_id, **fields}))
        return request_id

    def answer(self, request_id: int) -> dict[str, Any]:
        """The answer to a request, which is no error."""
        while (message := self._next()).get("id") != request_id:
            self.pushed.append(message)
        assert message["type"] != "error", message
        return message

    def push(self, kind: str) -> dict[str, Any]:
        """The next message of that type that answers nothing; those before it are passed over."""
        while True:
            message = self.pushed.pop(0) if self.pushed else self._next()
            if message["type"] == kind:
                return message

    def _next(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._socket.recv(timeout=DEADLINE_S))
        ensure_sent_as_described(message)
        return message


@contextmanager
def blocking(url: str, user_id: str) -> Iterator[BlockingClient]:
    """A connection whose `connect` was answered."""
    with connect(
        url,
        subprotocols=["dialogue.v1"],  # type: ignore[list-item]
        max_size=None,
        proxy=None,
        open_timeout=DEADLINE_S,
    ) as socket:
        client = BlockingClient(socket)
        client.ask("connect", auth={"userId": user_id})
        yield client
