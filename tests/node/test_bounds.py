"""What one client of Socket.IO can cost, and what comes of one that is no client."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress

import httpx
import pytest
from anyio import create_task_group, fail_after
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Close

from ..support.server_process import ServerProcess
from ..support.wire_client import connected
from .raw_packets import RawSocket, raw_polling, raw_socket

pytestmark = pytest.mark.anyio

TEXT = "x" * 1_900
EVENTS = 200
"""Enough to be too slow for, and no more: the end of a session may be fetched for some seconds."""


async def closed(socket: RawSocket) -> Close:
    """Read to the end; how it was closed."""
    how: Close | None = None
    while how is None:
        try:
            await socket.packet()
        except ConnectionClosed as end:
            how = end.rcvd or Close(1006, "cut")
    return how


async def test_who_does_not_poll_is_closed_as_too_slow_and_harms_no_one(
    new_server: Callable[..., ServerProcess],
) -> None:
    server = new_server(max_frame=16_384, max_out_frame=65_536, max_backlog_bytes=131_072)
    async with raw_polling(server.http) as slow, connected(server.ws, "fast") as fast:
        await slow.open()
        await slow.post('40{"userId":"slow"}')
        await slow.until("42")
        await slow.post('42["dialogue:join",{"roomId":"hall"}]')
        await slow.until('42["dialogue:joined"')
        await fast.join("hall")
        await fast.publish("hall", EVENTS, padding=TEXT)
        packets = await slow.poll()
        while packets != ["1"]:
            last, packets = packets, await slow.poll()
        assert len(await fast.events(EVENTS)) == EVENTS
        error = json.loads(last[-1][2:])[1]
        assert (error["code"], error["closeCode"]) == ("CLOSED", 4413)
        assert len(json.loads(last[-1][2:])) == 2  # no offset: it is no place to come back to
        answer = await slow.client.get(slow.path)
        assert (answer.status_code, answer.json()["code"]) == (400, 1)


async def test_what_waits_for_a_client_that_does_not_poll_stays_within_the_bounds(
    new_server: Callable[..., ServerProcess],
) -> None:
    """Twenty of them, each told of 6 MiB: past 4 MiB they are let go, and what they wait for they share."""
    server = new_server(heartbeat_s=60)
    async with AsyncExitStack() as stack:
        fast = await stack.enter_async_context(connected(server.ws, "fast"))
        await fast.join("hall")
        for number in range(20):
            slow = await stack.enter_async_context(raw_polling(server.http))
            await slow.open()
            await slow.post(f'40{{"userId":"slow-{number}"}}')
            await slow.until("42")
            await slow.post('42["dialogue:join",{"roomId":"hall"}]')
            await slow.until('42["dialogue:joined"')
        before = server.resident_kib
        for _ in range(150):
            await fast.trigger("hall", "note", data="x" * 40_000)
        assert server.resident_kib - before < 60_000


async def test_handshakes_that_go_no_further_are_bounded_and_forgotten(
    new_server: Callable[..., ServerProcess],
) -> None:
    server = new_server(max_handshakes=20, connect_timeout_s=8)
    async with httpx.AsyncClient(base_url=server.http, trust_env=False) as client:
        path = "/socket.io/?EIO=4&transport=polling"
        answers = [await client.get(path) for _ in range(30)]
        assert [answer.status_code for answer in answers].count(200) == 20
        assert {answer.json()["code"] for answer in answers if answer.status_code == 503} == {4}
        async with connected(server.ws, "ada") as ada:  # the other doors are not concerned
            await ada.join("hall")
        with fail_after(60):
            while (await client.get(path)).status_code == 503:
                pass


async def test_connections_of_one_address_are_bounded_also_where_they_poll(
    new_server: Callable[..., ServerProcess],
) -> None:
    server = new_server(max_connections_per_address=3, trusted_proxies="10.0.0.1")  # whose clients are many
    async with AsyncExitStack() as stack:
        polling = [await stack.enter_async_context(raw_polling(server.http)) for _ in range(4)]
        for client in polling[:3]:
            await client.open()
        answer = await polling[3].client.get(polling[3].path)
        assert (answer.status_code, answer.json()["code"]) == (429, 4)
        await polling[0].post("1")
        with fail_after(60):
            while (await polling[3].client.get(polling[3].path)).status_code == 429:
                pass


async def test_a_client_that_never_says_who_it_is_is_closed(new_server: Callable[..., ServerProcess]) -> None:
    server = new_server(connect_timeout_s=0.3)
    async with raw_socket(server.http) as silent, raw_polling(server.http) as idle:
        await idle.open()
        assert await idle.poll() == ["1"]
        assert (await closed(silent)).code == 4408


async def test_a_client_that_answers_no_ping_is_closed(new_server: Callable[..., ServerProcess]) -> None:
    server = new_server(heartbeat_s=1.5, heartbeat_timeout_s=1.5)
    async with raw_socket(server.http) as silent, raw_polling(server.http) as deaf:
        await silent.connect(userId="silent")
        await deaf.open()
        await deaf.post('40{"userId":"deaf"}')
        assert (await closed(silent)).code == 4408
        with fail_after(60):
            while "1" not in (await deaf.poll()):
                pass


async def test_a_body_of_ten_megabytes_is_refused_and_ends_its_session_alone(server: ServerProcess) -> None:
    async with raw_polling(server.http) as one, raw_polling(server.http) as other:
        for client in (one, other):
            await client.open()
            await client.post('40{"userId":"ada"}')
            await client.until("40")

        async def in_pieces() -> httpx.Response:
            async def pieces() -> object:  # without a length that would tell
                for _ in range(160):
                    yield b"x" * 65_536

            content: object = pieces()
            return await one.client.post(one.path, content=content)  # type: ignore[arg-type]

        with suppress(httpx.TransportError):  # cut while it was still sending
            assert (await in_pieces()).status_code == 413
        assert (await one.client.get(one.path)).status_code == 400
        assert (await other.post("42" + "x" * 10_000_000)).status_code == 413
        assert (await other.client.get(other.path)).status_code == 400
    async with raw_socket(server.http) as third:
        await third.connect(userId="ada")


async def test_a_packet_that_is_too_large_closes_with_1009(server: ServerProcess) -> None:
    async with raw_polling(server.http) as one:
        await one.open()
        await one.post('40{"userId":"ada"}')
        await one.until("42")
        await one.post("42" + "x" * 70_000)
        assert json.loads((await one.until('42["dialogue:error"'))[2:])[1]["closeCode"] == 1009
    async with raw_socket(server.http) as two:
        await two.connect(userId="ada")
        await two.say("42" + "x" * 70_000)
        assert (await closed(two)).code == 1009


GARBAGE = [
    "",
    "x",
    "7",
    "9hello",
    "4",
    "4x",
    "49",
    "42",
    "42[",
    "42{}",
    "42[]",
    "42[1]",
    '42["dialogue:join"',
    '42["dialogue:join",7]',
    '42["dialogue:join",{"roomId":"hall","roomId":"hall"}]',
    '42["dialogue:trigger",{"roomId":"hall","event":"note","data":NaN}]',
    '42["dialogue:trigger",{"roomId":"hall","event":"note","data":' + "[" * 5_000 + "]" * 5_000 + "}]",
    '42["connect"]',
    "42" + "1" * 150 + '["dialogue:join",{}]',
    "42²[]",
    "451-",
    '451-["dialogue:trigger",{"_placeholder":true,"num":0}]',
    "459999999999-[]",
    "4599999999999-[]",
    '42/admin,["dialogue:join",{"roomId":"hall"}]',
    "44{}",
]


@pytest.mark.parametrize("garbage", GARBAGE, ids=lambda garbage: garbage[:30] or "nothing")
async def test_garbage_is_answered_as_such_and_the_client_goes_on(server: ServerProcess, garbage: str) -> None:
    async with raw_socket(server.http) as one, raw_polling(server.http) as two:
        await one.connect(userId="ada")
        await one.emit("join", roomId="hall")
        assert (await one.told("joined"))["roomId"] == "hall"
        await one.say(garbage)
        assert (await one.told("error"))["code"] in ("INVALID_REQUEST", "INVALID_EVENT")
        await one.emit("listRooms")
        await one.told("rooms")
        await two.open()
        join = '\x1e42["dialogue:join",{"roomId":"hall"}]\x1e'
        await two.post('40{"userId":"bob"}' + join + garbage + '\x1e42["dialogue:listRooms"]')
        assert json.loads((await two.until('42["dialogue:error"'))[2:])[1]["code"] in (
            "INVALID_REQUEST",
            "INVALID_EVENT",
        )


async def test_bytes_are_answered_as_such(server: ServerProcess) -> None:
    async with raw_socket(server.http) as one, raw_polling(server.http) as two:
        await one.connect(userId="ada")
        await one.say(b"\x01\x02")
        assert (await one.told("error"))["code"] == "INVALID_REQUEST"
        await two.open()
        await two.post('40{"userId":"bob"}\x1ebAQI=')
        assert "INVALID_REQUEST" in await two.until('42["dialogue:error"')


async def test_half_a_million_packets_in_one_body_hold_nobody_up(server: ServerProcess) -> None:
    async with raw_polling(server.http) as flood, connected(server.ws, "ada") as ada, create_task_group() as tasks:
        await flood.open()
        await flood.post('40{"userId":"flood"}')
        tasks.start_soon(flood.post, "\x1e".join(["3"] * 500_000))
        tasks.start_soon(flood.post, "\x1e".join(["6"] * 500_000))
        with fail_after(60):
            for _ in range(50):
                await ada.ask("ping")
        tasks.cancel_scope.cancel()


async def test_requests_before_connect_are_refused(server: ServerProcess) -> None:
    async with raw_socket(server.http) as nobody:
        await nobody.emit("join", roomId="hall")
        assert (await nobody.told("error"))["code"] == "UNAUTHENTICATED"
        await nobody.connect(userId="ada")


async def test_two_polls_at_once_end_the_session(server: ServerProcess) -> None:
    async with raw_polling(server.http) as one:
        await one.open()
        await one.post('40{"userId":"ada"}')
        await one.until("42")  # so nothing waits for a poll
        answers: list[httpx.Response] = []

        async def poll() -> None:
            answers.append(await one.client.get(one.path))

        async with create_task_group() as tasks:
            tasks.start_soon(poll)
            tasks.start_soon(poll)
        assert sorted(answer.status_code for answer in answers) == [200, 400]
        after = await one.client.get(one.path)
        if after.status_code == 200:  # it has not gone yet: then it says that it is closed
            assert after.text == "1"
            after = await one.client.get(one.path)
        assert after.json()["code"] == 1


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("EIO=3&transport=polling", 5),
        ("transport=polling", 5),
        ("EIO=4&transport=carrier-pigeon", 0),
        ("EIO=4", 0),
        ("EIO=4&transport=polling&j=0", 3),
        ("EIO=4&transport=polling&sid=nobody", 1),
        ("EIO=4&transport=polling&" + "x" * 3_000, 3),
    ],
)
async def test_a_handshake_that_is_none_is_refused_with_its_reason(
    server: ServerProcess, query: str, number: int
) -> None:
    async with httpx.AsyncClient(base_url=server.http, trust_env=False) as client:
        answer = await client.get(f"/socket.io/?{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, number)
        assert answer.json()["message"]
    if "transport=polling" not in query:
        with pytest.raises(InvalidStatus) as refused:
            async with raw_socket(server.http, f"&transport=no&{query}"):
                pass
        assert refused.value.response.status_code == 400


async def test_other_methods_open_nothing(server: ServerProcess) -> None:
    async with httpx.AsyncClient(base_url=server.http, trust_env=False) as client:
        path = "/socket.io/?EIO=4&transport=polling"
        for method in ("HEAD", "POST", "DELETE"):
            assert (await client.request(method, path)).status_code == 400


async def test_a_page_of_a_foreign_origin_opens_and_carries_nothing(server: ServerProcess) -> None:
    foreign = {"Origin": "https://evil.example"}
    async with raw_polling(server.http) as one:
        path = one.path
        assert (await one.client.get(path, headers=foreign)).status_code == 403
        await one.open()
        assert (await one.client.post(one.path, content='40{"userId":"ada"}', headers=foreign)).status_code == 403
        assert (await one.client.get(one.path, headers=foreign)).status_code == 403
        own = await one.client.get(path, headers={"Origin": server.http})
        assert own.headers["access-control-allow-origin"] == server.http


async def test_a_foreign_host_opens_nothing(server: ServerProcess) -> None:
    async with raw_polling(server.http) as one:
        assert (await one.client.get(one.path, headers={"Host": "evil.example"})).status_code == 400


async def test_the_door_can_be_closed(new_server: Callable[..., ServerProcess]) -> None:
    server = new_server(socketio="false")
    async with raw_polling(server.http) as one:
        assert (await one.client.get(one.path)).status_code == 404


async def test_a_client_with_no_offsets_gets_none(server: ServerProcess) -> None:
    async with raw_socket(server.http, "&recovery=0") as one:
        await one.say('40{"userId":"ada"}')
        assert "pid" not in json.loads((await one.packet())[2:])
        assert len(json.loads((await one.packet())[2:])) == 2
