"""Floods by one stranger: each is stopped, with its code, and others go on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

import httpx
import pytest
from anyio import create_task_group, run, to_thread
from anyio.lowlevel import checkpoint
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from ..support.server_process import ServerProcess
from ..support.wire_client import connected
from .conftest import Report, Serve

MIB = 1 << 20
SLOWEST_S = 0.5
"""For how long the server may be busy before it answers somebody else's ping: it is some milliseconds."""
FROM = {"X-Forwarded-For": "203.0.113.9"}
END = set[object]
LIMITS = {
    "rate_limits": "on",
    "limit_requests": "20/second",
    "limit_connections": "20/minute",
    "limit_warnings": "20/minute",
}
"""Smaller than they come by themselves, so that a flood is over soon."""


async def connections(server: ServerProcess) -> END:
    """A thousand handshakes, and one after the other."""
    ends: END = set()
    for _ in range(1_500):
        try:
            socket = await connect(server.ws, additional_headers=FROM, close_timeout=0)
            await socket.close()
        except InvalidStatus as refused:
            ends.add(refused.response.status_code)
            break
    return ends


async def frames(server: ServerProcess, *texts: str) -> END:
    """Frames without pause, by one who reads its answers, until the connection is closed."""
    async with connect(server.ws, additional_headers=FROM) as socket:
        await socket.send('{"type":"connect","auth":{"userId":"eve"}}')

        async def send() -> None:
            with suppress(ConnectionClosed):
                while True:
                    for text in texts:
                        await socket.send(text)
                        await checkpoint()

        ends: END = set()
        async with create_task_group() as tasks:
            tasks.start_soon(send)
            try:
                while True:
                    await socket.recv()
            except ConnectionClosed as closed:
                ends = {closed.rcvd.code if closed.rcvd else None}
            tasks.cancel_scope.cancel()
        return ends


async def joins(server: ServerProcess) -> END:
    """Joins of one room again and again."""
    return await frames(server, '{"type":"join","roomId":"hall"}')


async def nonsense(server: ServerProcess) -> END:
    """What is no request."""
    return await frames(server, "[" * 100)


async def rooms(server: ServerProcess) -> END:
    """Rooms made and deleted."""
    room = '{"id":"flood","name":"F"}'
    return await frames(server, f'{{"type":"createRoom","room":{room}}}', '{"type":"deleteRoom","roomId":"flood"}')


async def large_frame(server: ServerProcess) -> END:
    """One frame of 10 MB."""
    return await frames(server, "x" * 10 * MIB)


async def large_body(server: ServerProcess) -> END:
    """One body of 10 MB."""
    headers = {**FROM, "Content-Type": "application/json", "X-User-Id": "eve"}
    async with httpx.AsyncClient(base_url=server.http, headers=headers, trust_env=False) as http:
        return {(await http.post("/rooms/hall/events", content=b" " * 10 * MIB)).status_code}


async def calls(server: ServerProcess) -> END:
    """Calls over HTTP, of all that is there and is not."""
    async with httpx.AsyncClient(base_url=server.http, headers=FROM, trust_env=False) as http:
        for number in range(5_000):
            answer = await http.get(("/rooms", "/nowhere", "/client.js")[number % 3], headers={"X-User-Id": "eve"})
            if answer.status_code == 429:
                return {429}
    return set()


FLOODS: list[tuple[Callable[[ServerProcess], Awaitable[END]], END]] = [
    (connections, {429}),
    (joins, {4429}),
    (nonsense, {4429}),
    (rooms, {4429}),
    (large_frame, {1009}),
    (large_body, {413}),
    (calls, {429}),
]


@pytest.mark.parametrize(("flood", "ends"), FLOODS, ids=[flood.__name__ for flood, _ in FLOODS])
async def test_a_flood_is_stopped_with_its_code_and_others_go_on(
    serve: Serve, report: Report, flood: Callable[[ServerProcess], Awaitable[END]], ends: END
) -> None:
    server = serve(proxy_headers="true", limit_address_factor=2, **LIMITS)
    slowest = 0.0
    found: list[END] = []

    async def flooding() -> None:
        found.append(await to_thread.run_sync(run, flood, server))  # a loop of its own: it gives way to nobody

    async with connected(server.ws, "ada") as ada:
        await ada.join("hall", events=["message"])
        async with create_task_group() as tasks:
            tasks.start_soon(flooding)
            while not found:
                before_s = server.cpu_s
                await ada.ask("ping")  # which is never limited
                slowest = max(slowest, server.cpu_s - before_s)
        await ada.trigger("hall", "message", {"text": "still here"})
    assert found == [ends]
    report(f"beside {flood.__name__} the slowest ping took {slowest * 1000:.0f} ms of the server")
    assert slowest < SLOWEST_S
    assert server.faults == []
