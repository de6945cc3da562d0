"""Below the messages: fragments, pings, closes, and bytes that are no frame."""

from __future__ import annotations

import json
import socket

import httpx
import pytest
from anyio import fail_after
from wsproto.events import CloseConnection, Ping, Pong, TextMessage

from ..support.raw_client import RawClient, raw
from ..support.server_process import ServerProcess
from ..support.websocket_frames import TEXT, websocket_frame
from ..support.wire_client import DEADLINE_S, WireClient, connected, texts
from .conftest import Connect

HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def introduced(client: RawClient) -> RawClient:
    client.ask("connect")
    assert client.message()["type"] == "connected"
    return client


def test_a_message_in_fragments_is_one_message(server: ServerProcess) -> None:
    with raw(server.port) as client:
        introduced(client)
        text = json.dumps({"type": "ping", "id": "€😀"}, ensure_ascii=False)
        for index, character in enumerate(text):
            client.send(TextMessage(data=character, message_finished=index == len(text) - 1))
            client.send(Ping(payload=b"between"))
        pongs = 0
        while not isinstance(event := client.next(), TextMessage):
            assert isinstance(event, Pong)
            assert event.payload == b"between"
            pongs += 1
        assert pongs > 0
        assert json.loads(event.data) == {"type": "pong", "id": "€😀"}


def test_fragments_are_counted_together(server: ServerProcess) -> None:
    with raw(server.port) as client:
        introduced(client)
        for _ in range(70):
            client.send(TextMessage(data="x" * 1_000, message_finished=False))
        closing = client.next()
        assert isinstance(closing, CloseConnection)
        assert closing.code == 1009


def test_a_close_is_answered_and_the_session_ends(server: ServerProcess) -> None:
    with raw(server.port) as client:
        introduced(client)
        client.send(CloseConnection(code=1000, reason="bye"))
        closing = client.next()
        assert isinstance(closing, CloseConnection)
        assert closing.code == 1000
        assert client.socket.recv(1) == b""


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"\x81\x82\x00\x00\x00\x00\xff\xfe", 1007),  # a text that is no UTF-8
        (b"\x81\x02{}", 1002),  # not masked
        (b"\xf1\x80\x00\x00\x00\x00", 1002),  # reserved bits
        (b"\x83\x80\x00\x00\x00\x00", 1002),  # an opcode that there is not
        (b"\x80\x80\x00\x00\x00\x00", 1002),  # a continuation of nothing
    ],
)
def test_what_is_no_frame_ends_the_connection_with_its_code(server: ServerProcess, frame: bytes, code: int) -> None:
    with raw(server.port) as client:
        introduced(client)
        client.socket.sendall(frame)
        closing = client.next()
        assert isinstance(closing, CloseConnection)
        assert closing.code == code
    with raw(server.port) as other:
        introduced(other)


async def test_a_plain_request_to_the_websocket_is_a_problem(server: ServerProcess) -> None:
    async with httpx.AsyncClient(base_url=server.http, trust_env=False) as http:
        answer = await http.get("/ws")
    assert answer.status_code in (404, 405, 426)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_what_a_client_sent_before_it_was_lost_is_published_whole_or_not_at_all(
    server: ServerProcess, ada: WireClient, room: str
) -> None:
    await ada.join(room)
    async with connected(server.ws) as lost:
        await lost.join(room, events=["typing"])
        for number in range(50):
            await lost.send("trigger", roomId=room, event="message", data={"text": str(number)})
        lost.socket.transport.abort()
    await _alone_in(ada, room)  # until then the server may still be publishing what it had read
    await ada.trigger(room, data={"text": "end"})
    events = texts(await ada.events(1))
    while events[-1] != "end":
        events += texts(await ada.events(1))
    assert events[:-1] == [str(number) for number in range(len(events) - 1)]
    assert texts((await ada.page(room, limit=1_000))["events"])[::-1] == events


async def test_many_connect_join_talk_and_leave_at_once(connect: Connect, ada: WireClient, room: str) -> None:
    await ada.join(room)
    people = [await connect() for _ in range(60)]
    joins = [await client.send("join", roomId=room) for client in people]
    for client, request in zip(people, joins, strict=True):
        assert (await client.answer(request))["type"] == "joined"
    for client in people:
        await client.send("trigger", roomId=room, event="message", data={"text": "hi"})
    for client in people:
        assert [event["seq"] for event in await client.events(60, room)] == list(range(1, 61))
    for client in people:
        client.socket.transport.abort()
    await _alone_in(ada, room)


async def _alone_in(client: WireClient, room: str) -> None:
    with fail_after(DEADLINE_S):
        answer = await client.ask("listRooms", limit=1_000)
        while next(each for each in answer["rooms"] if each["id"] == room)["size"] > 1:
            answer = await client.ask("listRooms", limit=1_000)


def test_the_first_frames_are_read_also_where_they_come_with_the_handshake(server: ServerProcess) -> None:
    frames = [json.dumps({"type": kind}).encode() for kind in ("connect", "ping", "listRooms")]
    with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE_S) as client:
        client.sendall(HANDSHAKE + b"".join(websocket_frame(TEXT, frame) for frame in frames))
        received = b""
        while b'{"type":"rooms"' not in received:
            part = client.recv(65_536)
            assert part, received
            received += part
    assert received.index(b'"connected"') < received.index(b'"pong"') < received.index(b'"rooms"')


@pytest.mark.parametrize(
    "lengths",
    [
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
        b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
    ],
)
def test_a_request_of_two_lengths_is_refused_and_nothing_behind_it_is_read(
    server: ServerProcess, lengths: bytes
) -> None:
    head = b"POST /rooms/hall/events?userId=eve HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    behind = b"0\r\n\r\nGET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE_S) as client:
        client.sendall(head + lengths + b"\r\n" + behind)
        received = b""
        while part := client.recv(65_536):
            received += part
    assert received.startswith(b"HTTP/1.1 400 ")
    assert received.count(b"HTTP/1.1") == 1
