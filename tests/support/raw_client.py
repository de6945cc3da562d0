"""A client without manners: it decides itself what it answers."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Event, Request, TextMessage

from .described import ensure_sent_as_described

DEADLINE_S = 60.0


class RawClient:
    """A blocking connection that answers nothing by itself: no ping, no close."""

    def __init__(self, sock: socket.socket, host: str) -> None:
        self.socket = sock
        self._protocol = WSConnection(ConnectionType.CLIENT)
        self._events: Iterator[Event] = iter(())
        self.send(Request(host=host, target="/ws", subprotocols=["dialogue.v1"]))
        assert isinstance(self.next(), AcceptConnection)

    def send(self, event: Event) -> None:
        """Send whatever it is."""
        self.socket.sendall(self._protocol.send(event))

    def ask(self, kind: str, **fields: object) -> None:
        """Send a request."""
        self.send(TextMessage(data=json.dumps({"type": kind, **fields})))

    def next(self) -> Event:
        """What the server sends next: a message, a ping, a close."""
        while (event := next(self._events, None)) is None:
            received = self.socket.recv(65_536)
            self._protocol.receive_data(received or None)
            self._events = self._protocol.events()
        return event

    def message(self) -> dict[str, Any]:
        """The next message; whatever else comes is passed over."""
        while not isinstance(event := self.next(), TextMessage):
            assert not isinstance(event, CloseConnection), event
        answer: dict[str, Any] = json.loads(event.data)
        ensure_sent_as_described(answer)
        return answer


@contextmanager
def raw(port: int) -> Iterator[RawClient]:
    """A connection to a server of this machine."""
    with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S) as sock:
        yield RawClient(sock, f"127.0.0.1:{port}")
