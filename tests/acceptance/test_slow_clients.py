"""A client that does not read, or does not answer pings, hurts itself alone."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest
from anyio import create_task_group, fail_after
from wsproto.events import CloseConnection, Ping

from ..support.raw_client import raw
from ..support.server_process import ServerProcess
from ..support.wire_client import DEADLINE_S, WireClient, connected, seqs

BACKLOG = {"max_out_frame": 131_072, "max_backlog_bytes": 262_144}
HEARTBEAT = {"heartbeat_s": 0.5, "heartbeat_timeout_s": 2}


@pytest.fixture(scope="module")
def small_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with small backlogs, and the patient heartbeat that clients on a busy machine need."""
    yield from running(tmp_path_factory.mktemp("small"), BACKLOG)


@pytest.fixture(scope="module")
def impatient_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with a quick heartbeat."""
    yield from running(tmp_path_factory.mktemp("impatient"), HEARTBEAT)


def running(folder: Path, bounds: Mapping[str, float]) -> Iterator[ServerProcess]:
    settings = {f"DIALOGUE_{name.upper()}": str(value) for name, value in bounds.items()}
    running = ServerProcess.of_rooms(folder, settings)
    try:
        yield running.start()
        assert running.stop() == 0
        assert running.faults == []
    finally:
        running.kill()


@asynccontextmanager
async def lazy(server: ServerProcess, user_id: str = "lazy") -> AsyncIterator[WireClient]:
    """A client whose system buffers little, and which reads only when asked to."""
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    narrow.connect(("127.0.0.1", server.port))
    async with connected(server.ws, user_id, sock=narrow, max_queue=1) as client:
        yield client


async def until_members(server: ServerProcess, room: str, size: int) -> None:
    """Wait until so many sessions are in the room."""
    async with httpx.AsyncClient(base_url=server.http, headers={"X-User-Id": "ada"}, trust_env=False) as http:
        with fail_after(DEADLINE_S):
            found = None
            while found != size:
                found = (await http.get(f"/rooms/{room}")).json()["size"]


async def test_a_client_that_does_not_read_is_closed_with_4413_and_the_others_are_not_disturbed(
    new_server: Callable[..., ServerProcess],
) -> None:
    server = new_server(**BACKLOG)
    async with lazy(server) as slow, connected(server.ws) as ada, connected(server.ws) as bob:
        await slow.join("hall")
        await bob.join("hall")
        await ada.join("hall", events=["typing"])
        for start in range(0, 400, 2):
            published = await ada.publish("hall", 2, "note", padding="x" * 60_000)
            assert seqs(await bob.events(2)) == published == [start + 1, start + 2]
        await until_members(server, "hall", 2)
        code, reason = await slow.closed()
        assert code in (4413, None)
        assert code is None or "too slow" in reason
        live = [event["seq"] for frame in slow.frames for event in frame.get("events", []) if isinstance(event, dict)]
        assert live == list(range(1, len(live) + 1))
        assert (await ada.ask("ping"))["type"] == "pong"


async def test_a_client_that_reads_late_but_in_time_misses_nothing(small_server: ServerProcess) -> None:
    async with connected(small_server.ws) as ada, connected(small_server.ws) as late:
        await late.join("quiet", events=["note"])
        await ada.join("quiet", events=["typing"])
        published = await ada.publish("quiet", 300, "note")
        assert seqs(await late.events(300)) == published


async def test_a_client_that_reads_is_not_closed_for_what_was_kept_together(
    new_server: Callable[..., ServerProcess],
) -> None:
    """However much waits to be kept, one batch of it fits into every backlog."""
    server = new_server(**BACKLOG)
    async with connected(server.ws) as reader, connected(server.ws) as one, connected(server.ws) as two:
        await reader.join("hall")
        for client in (one, two):
            await client.join("hall", events=["typing"])
        async with create_task_group() as tasks:
            for client in (one, two):
                tasks.start_soon(client.publish, "hall", 200, "note", "x" * 4_000)
            assert seqs(await reader.events(400)) == list(range(1, 401))


async def test_a_client_is_never_closed_for_the_answers_that_it_asked_for(small_server: ServerProcess) -> None:
    """Its requests wait unread until it has taken what it got: here 300 pages of 60 KB, past a backlog of 256 KiB."""
    async with lazy(small_server) as client, connected(small_server.ws) as other:
        await client.join("unsynced", events=["typing"])
        await client.publish("unsynced", 1, "note", padding="x" * 60_000)
        requests = [await client.send("getHistory", roomId="unsynced", limit=1) for _ in range(300)]
        await other.join("unsynced")
        for _ in range(300):
            await other.page("unsynced", limit=1)  # as long as this takes, the first client reads nothing
        answers = await client.answers(requests)
    assert len(answers) == 300
    assert {answer["type"] for answer in answers} == {"history"}


def test_the_server_pings_each_heartbeat_and_a_client_that_answers_lives(impatient_server: ServerProcess) -> None:
    with raw(impatient_server.port) as client:
        client.ask("connect")
        assert client.message()["heartbeat"] == 0.5
        for _ in range(4):
            ping = client.next()
            assert isinstance(ping, Ping)
            client.send(ping.response())
        client.ask("ping")
        assert client.message() == {"type": "pong"}


def test_a_client_that_does_not_answer_pings_is_closed_with_4408(impatient_server: ServerProcess) -> None:
    with raw(impatient_server.port) as client:
        client.ask("connect")
        client.message()
        assert isinstance(client.next(), Ping)
        client.ask("ping")  # other messages are no answer to a ping
        assert client.message() == {"type": "pong"}
        closing = client.next()
        assert isinstance(closing, CloseConnection)
        assert (closing.code, closing.reason) == (4408, "no heartbeat answer")


async def test_a_client_that_is_lost_leaves_its_rooms(impatient_server: ServerProcess) -> None:
    async with connected(impatient_server.ws) as client:
        with raw(impatient_server.port) as silent:
            silent.ask("connect")
            silent.ask("join", roomId="small")
            assert silent.message()["type"] == "connected"
            assert silent.message()["type"] == "joined"
            await until_members(impatient_server, "small", 0)
        assert (await client.ask("ping"))["type"] == "pong"


def test_a_client_that_disappears_in_the_middle_of_a_frame_harms_nobody(impatient_server: ServerProcess) -> None:
    with raw(impatient_server.port) as client:
        client.ask("connect")
        client.message()
        client.socket.sendall(b"\x81\xfe\x10")
    with raw(impatient_server.port) as other:
        other.ask("connect")
        assert other.message()["type"] == "connected"


async def test_members_who_read_are_not_closed_while_a_room_is_as_busy_as_it_can_be(server: ServerProcess) -> None:
    """Thirty members, 3,000 events with history, published without a pause: 90,000 deliveries."""
    async with AsyncExitStack() as stack:
        members = [await stack.enter_async_context(connected(server.ws)) for _ in range(30)]
        publisher = await stack.enter_async_context(connected(server.ws))
        heads = [(await member.join("hall", events=["note"]))["position"]["seq"] for member in members]
        await publisher.join("hall", events=["typing"])
        async with create_task_group() as tasks:
            tasks.start_soon(publisher.publish, "hall", 3_000, "note")
            for member, head in zip(members, heads, strict=True):
                tasks.start_soon(until_places_came, member, head, 3_000)


async def until_places_came(member: WireClient, head: int, amount: int) -> None:
    assert seqs(await member.events(amount, "hall")) == [*range(head + 1, head + amount + 1)]
