"""The first frames of a connection."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from websockets.asyncio.client import connect as dial

from ..support.server_process import ServerProcess
from ..support.wire_client import WireClient, connected, error_paths, opened
from .conftest import Connect


async def test_connected_says_who_one_is(server: ServerProcess) -> None:
    async with opened(server.ws) as client:
        answer = await client.ask("connect", auth={"userId": "ada"})
    assert list(answer) == ["type", "id", "clientId", "userId", "heartbeat", "maxFrame"]
    assert answer["maxFrame"] == 65_536
    assert answer["userId"] == "ada"
    assert answer["clientId"]
    assert answer["heartbeat"] == 25


async def test_without_a_user_id_the_client_id_stands_in_for_it(server: ServerProcess) -> None:
    requests: list[dict[str, object]] = [{"auth": {}}, {}, {"auth": {"userId": None}}]
    for request in requests:
        async with opened(server.ws) as client:
            answer = await client.ask("connect", **request)
            assert answer["userId"] == answer["clientId"]


async def test_every_connection_has_a_client_id_of_its_own(server: ServerProcess) -> None:
    async with opened(server.ws) as one, opened(server.ws) as other:
        answers = [await client.ask("connect", auth={"userId": "ada"}) for client in (one, other)]
    assert answers[0]["clientId"] != answers[1]["clientId"]


async def test_a_request_before_connect_is_unauthenticated_and_the_connection_lives(server: ServerProcess) -> None:
    async with opened(server.ws) as client:
        for kind in ("join", "trigger", "ping", "listRooms"):
            assert (await client.refused(kind, roomId="hall"))["code"] == "UNAUTHENTICATED"
        assert (await client.ask("connect"))["type"] == "connected"


async def test_a_second_connect_is_refused_and_changes_nothing(server: ServerProcess) -> None:
    async with connected(server.ws, "ada") as client:
        assert (await client.refused("connect", auth={"userId": "eve"}))["code"] == "INVALID_REQUEST"
        await client.join("hall")
        await client.trigger("hall")
        assert (await client.events(1, "hall"))[0]["from"] == "ada"


@pytest.mark.parametrize("user_id", ["", " ada", "a" * 256, "a\nb", 7, True, ["ada"]])
async def test_a_user_id_that_is_none_is_refused_with_its_path(server: ServerProcess, user_id: object) -> None:
    async with opened(server.ws) as client:
        error = await client.refused("connect", auth={"userId": user_id})
        assert error["code"] == "INVALID_REQUEST"
        assert error_paths(error) == ["auth.userId"]
        assert (await client.ask("connect", auth={"userId": "a" * 255}))["userId"] == "a" * 255


@pytest.mark.parametrize("auth", [7, "ada", [], True])
async def test_auth_must_be_an_object(server: ServerProcess, auth: object) -> None:
    async with opened(server.ws) as client:
        assert error_paths(await client.refused("connect", auth=auth)) == ["auth"]


async def test_without_connect_in_time_the_server_closes_with_4408(
    new_server: Callable[..., ServerProcess],
) -> None:
    server = new_server(connect_timeout_s=2)
    async with opened(server.ws) as silent, connected(server.ws) as other:
        assert await silent.closed() == (4408, "no connect in time")
        assert (await other.ask("ping"))["type"] == "pong"


@pytest.mark.parametrize("request_id", ["a", "", "x" * 64, "ü" * 64, 0, 7, -7, 2**53])
async def test_an_answer_carries_the_id_of_its_request(ada: WireClient, request_id: object) -> None:
    await ada.send_text(json.dumps({"type": "ping", "id": request_id}))
    assert await ada.answer(request_id) == {"type": "pong", "id": request_id}


@pytest.mark.parametrize("request_id", ["x" * 65, 1.5, True, None, [], {}, "\ud800"])
async def test_an_id_of_another_kind_is_refused_without_an_id(ada: WireClient, request_id: object) -> None:
    await ada.send_text(json.dumps({"type": "ping", "id": request_id}))
    error = await ada.pushed("error")
    assert error["code"] == "INVALID_REQUEST"
    assert error_paths(error) == ["id"]


async def test_a_request_without_an_id_is_answered_without_one(ada: WireClient) -> None:
    await ada.send_text('{"type": "ping"}')
    assert await ada.pushed("pong") == {"type": "pong"}


async def test_an_unknown_field_is_ignored(ada: WireClient) -> None:
    assert (await ada.ask("ping", something={"new": 1}))["type"] == "pong"


async def test_the_subprotocol_is_chosen_where_it_is_offered(server: ServerProcess) -> None:
    for offered, chosen in ((["dialogue.v1"], "dialogue.v1"), (["v9", "dialogue.v1"], "dialogue.v1"), (None, None)):
        async with opened(server.ws, subprotocols=offered) as client:
            assert client.socket.subprotocol == chosen
            assert (await client.ask("connect"))["type"] == "connected"


async def test_deflate_is_not_negotiated(server: ServerProcess) -> None:
    async with dial(server.ws, compression="deflate", proxy=None) as socket:
        assert socket.response is not None
        assert "Sec-WebSocket-Extensions" not in socket.response.headers


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example"])
async def test_a_foreign_origin_is_accepted_and_then_closed_with_4403(server: ServerProcess, origin: str) -> None:
    async with opened(server.ws, origin=origin) as client:
        assert await client.closed() == (4403, "origin not allowed")


async def test_pages_of_the_server_itself_and_of_this_machine_may_connect(server: ServerProcess) -> None:
    for origin in (server.http, "http://localhost:5173"):
        async with connected(server.ws, origin=origin) as client:
            assert (await client.ask("ping"))["type"] == "pong"


async def test_where_origins_are_listed_the_others_are_refused(new_server: Callable[..., ServerProcess]) -> None:
    server = new_server(allowed_origins='["https://chat.example"]')
    async with connected(server.ws, origin="https://chat.example") as client:
        assert (await client.ask("ping"))["type"] == "pong"
    async with opened(server.ws, origin="http://localhost:5173") as client:
        assert (await client.closed())[0] == 4403


async def test_a_hook_puts_a_client_into_a_room_before_its_first_request(connect: Connect) -> None:
    client = await connect("hooked")
    joined = await client.pushed("joined")
    assert joined["roomId"] == "hall"
    assert joined["roomName"] == "The Hall"
    assert joined["events"] == ["message", "note", "rare", "typing"]
    assert joined["history"] == []
    assert "recovered" not in joined
    assert set(joined["position"]) == {"epoch", "seq"}
    assert [frame["type"] for frame in client.frames] == ["connected", "joined"]
    seq = (await client.trigger("hall"))["seq"]
    assert seq == joined["position"]["seq"] + 1
    assert (await client.events(1))[0]["seq"] == seq


async def test_a_client_that_a_hook_takes_out_of_a_room_is_told_why(connect: Connect) -> None:
    client = await connect("kicked")
    assert await client.pushed("left") == {"type": "left", "roomId": "hall", "reason": "not today"}
    assert (await client.refused("leave", roomId="hall"))["code"] == "NOT_JOINED"


async def test_a_hook_that_fails_leaves_the_client_connected(connect: Connect) -> None:
    client = await connect("broken")
    assert (await client.join("hall"))["type"] == "joined"
