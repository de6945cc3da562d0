"""How streams of server-sent events end: with their room, with the server, and where a client does not read."""

from __future__ import annotations

import re
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from anyio import to_thread

from ..support.event_source import Sent, streaming
from ..support.server_process import ServerProcess
from ..support.wire_client import DEADLINE_S, WireClient, connected, seqs
from .test_slow_clients import BACKLOG, until_members


async def test_the_deletion_of_the_room_is_told_and_ends_the_stream(
    server: ServerProcess, ada: WireClient, room: str
) -> None:
    await ada.join(room)
    async with streaming(server.http, room) as stream:
        await stream.opening()
        await ada.publish(room, 3)
        await ada.ask("deleteRoom", roomId=room)
        *events, left = await stream.rest()
    assert seqs([event.data for event in events]) == [1, 2, 3]
    assert left == Sent("left", None, {"roomId": room, "reason": "the room was deleted"})


async def test_comments_come_each_heartbeat(new_server: Callable[..., ServerProcess]) -> None:
    server = new_server(heartbeat_s=0.1)
    async with streaming(server.http, "hall") as stream, connected(server.ws) as ada:
        await stream.opening()
        await stream.commented()
        await ada.join("hall")
        await ada.trigger("hall")
        assert seqs(await stream.events(1)) == [1]
    assert set(stream.comments) == {": ping"}


async def test_a_stop_ends_streams_cleanly_with_all_that_was_kept(new_server: Callable[..., ServerProcess]) -> None:
    server = new_server()
    async with streaming(server.http, "hall") as stream, connected(server.ws) as ada:
        await stream.opening()
        await ada.join("hall", events=["typing"])
        for number in range(1_000):
            await ada.send("trigger", roomId="hall", event="message", data={"text": str(number)})
        events = await stream.events(1)
        server.send_signal(signal.SIGTERM)
        events += [sent.data for sent in await stream.rest()]  # which raises where the end was no clean one
        await ada.closed()
    assert await to_thread.run_sync(server.exit_code) == 0
    assert server.faults == []
    answered = [frame["seq"] for frame in ada.frames if frame["type"] == "triggered"]
    assert seqs(events) == answered
    await to_thread.run_sync(server.start)
    async with streaming(server.http, "hall", last_id=stream.last_id) as stream:
        assert (await stream.opening())["recovered"] is True


@contextmanager
def stuck(server: ServerProcess, room: str) -> Iterator[socket.socket]:
    """A client that asks for a stream, whose system buffers little, and which reads nothing but the first bytes."""
    with socket.socket() as narrow:
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        narrow.settimeout(DEADLINE_S)
        narrow.connect(("127.0.0.1", server.port))
        narrow.sendall(f"GET /rooms/{room}/stream?userId=lazy HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert narrow.recv(12) == b"HTTP/1.1 200"
        yield narrow


async def test_a_client_that_does_not_read_is_ended_and_the_others_are_not_disturbed(
    new_server: Callable[..., ServerProcess],
) -> None:
    server = new_server(**BACKLOG)
    with stuck(server, "hall") as slow:
        async with connected(server.ws) as ada, streaming(server.http, "hall", "bob", event="note") as stream:
            await stream.opening()
            await ada.join("hall", events=["typing"])
            for start in range(0, 400, 2):
                published = await ada.publish("hall", 2, "note", padding="x" * 60_000)
                assert seqs(await stream.events(2)) == published == [start + 1, start + 2]
            await until_members(server, "hall", 2)
            await to_thread.run_sync(read_to_the_end, slow)
    assert await to_thread.run_sync(server.stop) == 0
    assert server.faults == []


def read_to_the_end(slow: socket.socket) -> None:
    """What came until the end: whole events in order, and far from all."""
    received = b""
    while part := slow.recv(65_536):
        received += part
    assert received.endswith(b"\n\n\r\n0\r\n\r\n")
    assert len(received) < 400 * 60_000
    places = [int(place) for place in re.findall(rb"^id: .*-(\d+)$", received, re.MULTILINE)]
    assert places == [*range(len(places))], "the first is the position that it began at"


async def test_a_client_that_does_not_read_delays_a_stop_by_seconds_at_most(
    new_server: Callable[..., ServerProcess],
) -> None:
    server = new_server(drain_timeout_s=1)
    with stuck(server, "hall"):
        async with connected(server.ws) as ada:
            await ada.join("hall", events=["typing"])
            await ada.publish("hall", 50, "note", padding="x" * 60_000)
        assert await to_thread.run_sync(server.stop) == 0
    assert server.faults == []
