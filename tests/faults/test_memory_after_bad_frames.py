"""Ten thousand bad frames, and nothing is left of them."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import ExitStack
from functools import reduce
from itertools import count, cycle, islice
from operator import and_

from hypothesis import HealthCheck, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from dialogue.adapters.sqlmodel.writer import Writer
from dialogue.adapters.uvicorn.websocket_protocol import WebSocketProtocol
from dialogue.application.sessions.outbox import Outbox
from dialogue.domain.event import Event

from ..support.raw_client import DEADLINE_S, RawClient, raw
from ..support.server_process import ServerProcess
from ..support.websocket_frames import BINARY, CLOSE, CONTINUATION, TEXT, websocket_frame
from .conftest import Report, Serve
from .frame_strategies import MAX_FRAME, texts
from .what_is_due import is_answer


def name_of(kind: type) -> str:
    """As the server counts it. The classes are imported, so that one that has moved is missed."""
    return f"{kind.__module__}.{kind.__qualname__}"


BAD_FRAMES = 10_000
CONNECTIONS = 8
WINDOW = 20
WINDOWS = 10
ROOMS = ["hall", "small", "nowhere"]
ALLOWED_GROWTH = 1.10
READINGS = 10
MOST = {name_of(Event): 10, name_of(Writer): 10}
"""What is there in numbers that vary, within bounds: two buffers of one event each, with what they have not reclaimed
yet, and those on their way; and a writer more where one is not given back yet when the next transaction begins."""
CONNECTION = name_of(Outbox)
PROTOCOL = name_of(WebSocketProtocol)
ENDINGS = [
    websocket_frame(CLOSE, b"\x03\xe8"),
    websocket_frame(TEXT, b"x" * (MAX_FRAME + 1)),
    websocket_frame(CONTINUATION, b""),
    websocket_frame(TEXT, b"half of a mess", is_final=False),
    websocket_frame(TEXT, b"the first half of a frame")[:10],
    b"",
]
"""What a connection sends last, before it is gone without waiting for anything."""


class Counting:
    """Somebody in the room where the server tells what it holds."""

    def __init__(self, client: RawClient) -> None:
        self._client = client
        client.ask("connect", auth={"userId": "counter"})
        client.ask("join", roomId="counter", events=["counted"])
        self.counts()  # the first one makes what tells it, so it is none of those that are compared

    def counts(self) -> Counter[str]:
        """What the server holds now."""
        self._client.ask("trigger", roomId="counter", event="count", data=None)
        while (frame := self._client.message())["type"] != "events":
            assert frame["type"] in ("connected", "joined", "triggered", "roomSize"), frame
        return Counter(frame["events"][0]["data"])

    def settled(self) -> Counter[str]:
        """What the server holds in any case: the least of several counts, since each finds itself on its way."""
        return reduce(and_, (self.counts_alone() for _ in range(READINGS)))

    def counts_alone(self) -> Counter[str]:
        """What the server holds when the other connections have ended."""
        deadline = time.monotonic() + DEADLINE_S
        while (counts := self.counts())[CONNECTION] > 1 or counts[PROTOCOL] > 1:
            assert time.monotonic() < deadline, counts
        assert counts[CONNECTION] == counts[PROTOCOL] == 1, f"our own connection is not among {counts}"
        return counts


def drawn(amount: int, seed: int) -> list[bytes]:
    """About so many frames, most of them bad."""
    found: list[bytes] = []

    @seeded(seed)
    @settings(max_examples=amount // 10, suppress_health_check=list(HealthCheck))
    @given(st.lists(texts(ROOMS), min_size=10, max_size=10))
    def take(some: list[str]) -> None:
        found.extend(websocket_frame(TEXT, text.encode()) for text in some)
        found.append(websocket_frame(BINARY, some[0].encode()))

    take()
    return found


def send_bad(server: ServerProcess, frames: list[bytes], wanted: int) -> int:
    """Send frames over connections that come and go, until so many were refused; how many were sent.

    Each is somebody else: those before them are gone without waiting for anything, and what the server still reads of
    theirs may mark something as read, which it tells to all connections of that user.
    """
    endless, endings, numbers = cycle(frames), cycle(ENDINGS), count()
    refused = sent = 0
    while refused < wanted:
        with ExitStack() as opened:
            clients = [opened.enter_context(raw(server.port)) for _ in range(CONNECTIONS)]
            for client in clients[1:]:  # the first has not said who it is, so all that it sends is bad
                client.ask("connect", auth={"userId": f"stranger {next(numbers)}"})
                client.ask("join", roomId="hall")
                assert [client.message()["type"] for _ in range(2)] == ["connected", "joined"]
            for _ in range(WINDOWS):
                for client in clients:
                    client.socket.sendall(b"".join(islice(endless, WINDOW)))
                for client in clients:
                    refused += refusals(client, WINDOW)
                sent += WINDOW * len(clients)
            for client in clients:
                client.socket.sendall(next(endings))
    return sent


def refusals(client: RawClient, amount: int) -> int:
    """Read so many answers; how many were errors."""
    answered = refused = 0
    while answered < amount:
        frame = client.message()
        answered += is_answer(frame)
        refused += frame["type"] == "error"
    return refused


def test_bad_frames_leave_no_object_and_no_memory_behind(serve: Serve, seed: int, report: Report) -> None:
    server = serve("counting")
    frames = drawn(500, seed)
    with raw(server.port) as client:
        counting = Counting(client)
        send_bad(server, frames, BAD_FRAMES // 5)
        before, resident_before = counting.settled(), server.resident_kib
        sent = send_bad(server, frames, BAD_FRAMES)
        after, resident_after = counting.settled(), server.resident_kib
    for kind, most in MOST.items():
        assert max(before.pop(kind, 0), after.pop(kind, 0)) <= most
    assert after == before, (after - before, before - after)
    assert resident_after < resident_before * ALLOWED_GROWTH
    assert server.faults == []
    report(f"{sent} frames, {BAD_FRAMES} of them bad: {resident_before} KiB before, {resident_after} KiB after")
