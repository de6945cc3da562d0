"""Engine.IO's requests, without a server: what one of them costs the others."""

from __future__ import annotations

from typing import Any, cast

import pytest
from anyio import create_task_group
from anyio.lowlevel import checkpoint

from dialogue.adapters.socketio.app import PACKETS_A_TURN, BesideSocketIo
from dialogue.adapters.socketio.codec import SocketIoCodec
from dialogue.adapters.socketio.connection import Connection
from dialogue.adapters.socketio.connections import Connections
from dialogue.adapters.socketio.limits import SocketIoLimits
from dialogue.application.node import Node
from dialogue.application.sessions.limits import Backlog, SessionLimits
from dialogue.application.sessions.serve_session import ServeSession
from dialogue.domain.rate import Rate

pytestmark = pytest.mark.anyio

LIMITS = SocketIoLimits(
    session=SessionLimits(
        max_frame=65_536,
        max_values=10_000,
        backlog=Backlog(),
        max_in_flight=4,
        heartbeat_s=25.0,
        connect_timeout_s=10.0,
        request_timeout_s=5.0,
        warnings=Rate(100, 60.0),
    ),
    heartbeat_timeout_s=20.0,
    max_out_frame=1 << 20,
    max_handshakes=10,
    max_connections_per_address=10,
    max_kept_sessions=10,
    keep_session_s=60,
)


class Running:
    """A node that runs."""

    def ensure_running(self) -> None:
        pass


async def nothing_else(*_: object) -> None:
    raise AssertionError("this is Socket.IO's")


def app() -> tuple[BesideSocketIo, Connection]:
    """The application, and a connection that polls; nobody serves it, so it may only be told what needs no session."""
    codec = SocketIoCodec(1 << 20, lambda _: None, counts=True)
    connections = Connections(cast(ServeSession, None), codec, codec, LIMITS, "origin")
    beside = BesideSocketIo(nothing_else, lambda: cast(Node, Running()), lambda: connections)
    return beside, connections.open({"headers": []}, counts=True)


async def test_a_body_of_many_packets_leaves_the_others_their_turns() -> None:
    beside, connection = app()
    amount = 100 * PACKETS_A_TURN
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/socket.io",
        "query_string": f"EIO=4&transport=polling&sid={connection.sid}".encode(),
        "headers": [],
    }
    answered: list[Any] = []
    turns = 0

    async def receive() -> Any:
        return {"type": "http.request", "body": b"\x1e".join([b"6"] * amount), "more_body": False}

    async def send(message: Any) -> None:
        answered.append(message)

    async def count() -> None:
        nonlocal turns
        while len(answered) < 2:
            turns += 1
            await checkpoint()

    async with create_task_group() as tasks:
        tasks.start_soon(count)
        tasks.start_soon(beside, scope, receive, send)
    connection.finish()
    assert answered[0]["status"] == 200
    assert turns >= amount // PACKETS_A_TURN


async def test_who_is_sent_away_for_good_is_told_why_and_not_to_come_back() -> None:
    _, connection = app()
    connection.user_id = "ada"
    connection.close(4403, "not today")
    polling = connection.polling
    assert polling is not None
    packets = (await polling.poll()).split(b"\x1e")
    assert packets == [b'42["dialogue:error",{"code":"CLOSED","message":"not today","closeCode":4403}]', b"41"]
    assert await polling.poll() == b"1"
    connection.finish()


async def test_whoever_is_closed_for_another_reason_may_come_back() -> None:
    _, connection = app()
    connection.user_id = "ada"
    connection.close(4413, "too slow")
    polling = connection.polling
    assert polling is not None
    assert b"41" not in (await polling.poll()).split(b"\x1e")
    connection.finish()
