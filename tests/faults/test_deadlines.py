"""Another program holds the database's lock: all who came together are refused together."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing, contextmanager
from pathlib import Path
from time import monotonic

import httpx
from anyio import create_task_group, fail_after

from ..support.wire_client import connected
from .conftest import Serve
from .serving import database_of

TIMEOUT_S = 3.0
MAKERS = 30
"""Who make a room each: one after the other, the last of them would wait so many times as long as the first."""

LINK_S = 1.0


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another program has the database for itself."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=10)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield


async def test_writes_that_come_at_once_are_refused_at_about_the_same_time(serve: Serve) -> None:
    """Over the WebSocket and over HTTP, publishing, marking and making rooms alike; what was refused is never kept."""
    server = serve("making", request_timeout_s=TIMEOUT_S)
    took: dict[str, float] = {}
    async with (
        httpx.AsyncClient(base_url=server.http, trust_env=False, timeout=120) as http,
        connected(server.ws, "ada") as ada,
        connected(server.ws, "bob") as bob,
        AsyncExitStack() as stack,
    ):
        makers = [await stack.enter_async_context(connected(server.ws, f"eve-{number}")) for number in range(MAKERS)]
        for client in (ada, bob):
            await client.join("hall")
        await ada.trigger("hall")
        with locked(database_of(server)), fail_after(120):
            began = monotonic()

            async def post(number: int) -> None:
                body = {"event": "message", "data": {"text": f"post {number}"}}
                answer = await http.post("/rooms/hall/events?userId=eve", json=body)
                assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE")
                took[f"post {number}"] = monotonic() - began

            async def burst() -> None:
                ids = [
                    await ada.send("trigger", roomId="hall", event="message", data={"text": f"burst {number}"})
                    for number in range(4)
                ]
                assert {answer["code"] for answer in await ada.answers(ids)} == {"UNAVAILABLE"}
                took["burst"] = monotonic() - began

            async def mark() -> None:
                assert (await bob.refused("markRead", roomId="hall", seq=1))["code"] == "UNAVAILABLE"
                took["mark"] = monotonic() - began

            async def make_a_room(number: int) -> None:
                refused = await makers[number].refused("createRoom", room={"id": f"new-{number}", "name": "New"})
                assert refused["code"] == "UNAVAILABLE"
                took[f"room {number}"] = monotonic() - began

            async with create_task_group() as tasks:
                for number in range(4):
                    tasks.start_soon(post, number)
                for number in range(MAKERS):
                    tasks.start_soon(make_a_room, number)
                tasks.start_soon(burst)
                tasks.start_soon(mark)
        assert len(took) == 4 + MAKERS + 2
        assert min(took.values()) >= TIMEOUT_S * 0.9
        assert max(took.values()) < TIMEOUT_S * MAKERS / 2, took
        kept = await ada.trigger("hall")
        assert kept["seq"] == 2
    with closing(sqlite3.connect(database_of(server))) as found:
        assert found.execute("SELECT count(*) FROM messages").fetchone() == (2,)
        assert found.execute("SELECT count(*) FROM dialogue_rooms WHERE room_id LIKE 'new%'").fetchone() == (0,)
        assert found.execute("SELECT count(*) FROM dialogue_read_marks").fetchone() == (0,)
    assert server.stop() == 0
    assert server.faults == []


async def test_with_a_bound_on_each_link_alone_they_wait_one_after_the_other(serve: Serve) -> None:
    """The planted fault: a server whose requests bring no deadline along."""
    count = 5
    server = serve("making", request_timeout_s=LINK_S, TIMELESS=1)
    async with httpx.AsyncClient(base_url=server.http, trust_env=False, timeout=120) as http:
        took: list[float] = []
        body = {"event": "message", "data": {"text": "x"}}
        await http.post("/rooms/hall/events?userId=eve", json=body)
        with locked(database_of(server)), fail_after(60):
            began = monotonic()

            async def make_a_room(number: int) -> None:
                async with connected(server.ws, f"user-{number}") as client:
                    await client.refused("createRoom", room={"id": f"new-{number}", "name": "New"})
                    took.append(monotonic() - began)

            async with create_task_group() as tasks:
                for number in range(count):
                    tasks.start_soon(make_a_room, number)
    assert max(took) > LINK_S * (count - 1)
