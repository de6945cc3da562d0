"""What is asked of every request, whichever way it comes in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from ..support.server_process import ServerProcess
from ..support.wire_client import WireClient, opened, seqs
from .conftest import NUMBERS

ME = {"X-User-Id": "ada"}
FOREIGN = "https://evil.example"
LOCAL = "http://localhost:5173"
EVENT = {"event": "note", "data": 1}
BODY = b'{"event": "note", "data": 1}'


@pytest.fixture
async def http(server: ServerProcess) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who says who they are."""
    async with httpx.AsyncClient(base_url=server.http, headers=ME, trust_env=False) as client:
        yield client


def refused(answer: httpx.Response, status: int, field: str | None = None) -> dict[str, Any]:
    """The problem document that the answer must be."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert (document["status"], bool(document["detail"])) == (status, True)
    if field is not None:
        assert document["details"][0]["path"] == field
    return document


@pytest.mark.parametrize(
    "path", ["/", "/rooms", "/rooms/hall/events", "/schema/openapi.json", "/client.js", "/no/such"]
)
async def test_a_name_that_is_not_the_server_s_is_refused_over_http(http: httpx.AsyncClient, path: str) -> None:
    """For the browser, a page whose name was made to point here is of the same origin as we are."""
    answer = await http.get(path, headers={"Host": "evil.example", "Origin": "http://evil.example"})
    assert "--allowed-hosts" in refused(answer, 400, "Host")["detail"]
    assert "access-control-allow-origin" not in answer.headers or path == "/client.js"


async def test_and_over_the_websocket_before_it_is_accepted(server: ServerProcess) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        async with opened(f"ws://localhost.evil.example:{server.port}/ws", host="127.0.0.1", port=server.port):
            pass
    assert refusal.value.response.status_code == 400


async def test_health_is_told_to_whoever_asks_by_whatever_name(http: httpx.AsyncClient) -> None:
    for path in ("/health/live", "/health/ready"):
        assert (await http.get(path, headers={"Host": "10-0-0-7.pods.example"})).status_code == 200


async def test_a_listed_name_is_answered_at_any_port(new_server: Callable[..., ServerProcess]) -> None:
    server = new_server(allowed_hosts='["chat.example"]', allowed_origins='["https://other.example"]')
    async with httpx.AsyncClient(base_url=server.http, headers=ME, trust_env=False) as http:
        for host in ("chat.example", "chat.example:8443", "localhost:1", "127.0.0.1"):
            assert (await http.get("/rooms", headers={"Host": host})).status_code == 200
        refused(await http.get("/rooms", headers={"Host": "chat.example.org"}), 400, "Host")
    url = f"ws://chat.example:{server.port}/ws"
    async with opened(url, host="127.0.0.1", port=server.port, origin=f"http://chat.example:{server.port}") as client:
        assert (await client.ask("connect"))["type"] == "connected"


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "",
    ],
)
async def test_what_a_form_can_send_is_415(http: httpx.AsyncClient, room: str, content_type: str | None) -> None:
    """`fetch` with `mode: "no-cors"` sends no other types either."""
    headers = {} if content_type is None else {"Content-Type": content_type}
    for origin in ({}, {"Origin": LOCAL}):
        answer = await http.post(f"/rooms/{room}/events", content=BODY, headers=headers | origin)
        refused(answer, 415, "Content-Type")
    assert (await http.get(f"/rooms/{room}/events")).json()["events"] == []


async def test_a_body_that_nobody_asked_for_must_be_json_too(http: httpx.AsyncClient, room: str) -> None:
    await http.post(f"/rooms/{room}/events", json=EVENT)
    path = f"/rooms/{room}/events/1"
    refused(await http.request("DELETE", path, content=b"x"), 415, "Content-Type")
    refused(await http.request("DELETE", path, content=chunks()), 415, "Content-Type")
    assert (await http.request("DELETE", path, headers={"Content-Type": "text/plain"})).status_code == 204


async def chunks() -> AsyncIterator[bytes]:
    """A body of which nobody says how long it is."""
    yield b"x"


async def test_json_may_say_its_charset(http: httpx.AsyncClient, room: str) -> None:
    for content_type in ("application/json; charset=utf-8", "Application/JSON"):
        answer = await http.post(f"/rooms/{room}/events", content=BODY, headers={"Content-Type": content_type})
        assert answer.status_code == 201


@pytest.mark.parametrize(
    "origin", [FOREIGN, "null", "http://localhost.evil.example", "http://localhost:1.evil.example"]
)
async def test_a_foreign_page_changes_nothing(http: httpx.AsyncClient, room: str, origin: str) -> None:
    """Neither by what it posts, nor by a call without a body, nor by joining a room as a stream."""
    kept = (await http.post(f"/rooms/{room}/events", json=EVENT)).json()
    foreign = {"Origin": origin}
    refused(await http.post(f"/rooms/{room}/events", json=EVENT, headers=foreign), 403, "Origin")
    refused(await http.delete(f"/rooms/{room}/events/1", headers=foreign), 403, "Origin")
    refused(await http.get(f"/rooms/{room}/stream", headers=foreign), 403, "Origin")
    refused(
        await http.options(f"/rooms/{room}/events", headers=foreign | {"Access-Control-Request-Method": "POST"}), 403
    )
    assert (await http.get(f"/rooms/{room}/events")).json()["events"] == [kept]


@pytest.mark.parametrize("origin", [LOCAL, None])
async def test_an_allowed_page_and_a_program_may(http: httpx.AsyncClient, room: str, origin: str | None) -> None:
    headers = {} if origin is None else {"Origin": origin}
    assert (await http.post(f"/rooms/{room}/events", json=EVENT, headers=headers)).status_code == 201
    assert (await http.delete(f"/rooms/{room}/events/1", headers=headers)).status_code == 204


async def test_the_server_s_own_page_may_whatever_is_listed(new_server: Callable[..., ServerProcess]) -> None:
    server = new_server(allowed_origins='["https://other.example"]')
    async with httpx.AsyncClient(base_url=server.http, headers=ME, trust_env=False) as http:
        own = await http.post("/rooms/hall/events", json=EVENT, headers={"Origin": server.http})
        assert own.status_code == 201
        refused(await http.post("/rooms/hall/events", json=EVENT, headers={"Origin": LOCAL}), 403, "Origin")


async def test_an_allowed_page_may_ask_first_and_read_links(
    http: httpx.AsyncClient, ada: WireClient, room: str
) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type, x-user-id"}
    answer = await http.options(f"/rooms/{room}/events", headers={"Origin": LOCAL} | asked)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (204, LOCAL)
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-headers"] == "content-type, x-user-id"
    await ada.join(room)
    await ada.publish(room, 2)
    page = await http.get(f"/rooms/{room}/events?limit=1", headers={"Origin": LOCAL})
    assert page.links["next"]
    assert page.headers["access-control-expose-headers"] == "Link, Retry-After"


async def test_each_answer_is_for_the_origin_that_asked_for_it(http: httpx.AsyncClient, room: str) -> None:
    """Of a stream, of a page of history, of an error, of a file: whoever was answered before."""
    for path in (f"/rooms/{room}/stream", f"/rooms/{room}/events", "/nowhere", "/health/live"):
        for origin in (LOCAL, "http://127.0.0.1:1", None, LOCAL):
            headers = {} if origin is None else {"Origin": origin}
            async with http.stream("GET", path, headers=headers) as answer:
                found = answer.headers.get_list("access-control-allow-origin")
                assert found == ([] if origin is None else [origin]), path
                assert "Origin" in answer.headers["vary"]
    for _ in range(2):
        answer = await http.get("/client.js", headers={"Origin": FOREIGN})
        assert answer.headers.get_list("access-control-allow-origin") == ["*"]


READABLE = (
    "/",
    "/client.js",
    "/rooms",
    "/rooms/hall",
    "/rooms/hall/events",
    "/health/live",
    "/health/ready",
    "/schema",
)


@pytest.mark.parametrize("path", [*READABLE, "/schema", "/schema/openapi.json"])
async def test_head_is_wherever_get_is(http: httpx.AsyncClient, path: str) -> None:
    got, head = await http.get(path), await http.head(path)
    assert head.status_code == got.status_code == 200
    assert head.content == b""
    for name in ("content-type", "content-length"):
        assert head.headers[name] == got.headers[name]


async def test_head_says_what_is_wrong_as_get_does(server: ServerProcess, http: httpx.AsyncClient) -> None:
    for path, status in (("/nowhere", 404), ("/rooms/nowhere", 404), ("/rooms/hall/events?limit=0", 422)):
        assert (await http.head(path)).status_code == status
    async with httpx.AsyncClient(base_url=server.http, trust_env=False) as nobody:
        assert (await nobody.head("/rooms/hall/stream")).status_code == 401


async def test_head_of_a_stream_does_not_join(http: httpx.AsyncClient, ada: WireClient) -> None:
    """Not even where there is no place left."""
    room_id = f"one-{next(NUMBERS)}"
    await ada.ask("createRoom", room={"id": room_id, "name": "One", "maxSize": 1})
    await ada.join(room_id)
    answer = await http.head(f"/rooms/{room_id}/stream")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert (await http.get(f"/rooms/{room_id}")).json()["size"] == 1
    assert (await http.head("/rooms/nowhere/stream")).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/rooms", "GET, HEAD, OPTIONS"),
        ("PUT", "/rooms/hall/events", "GET, HEAD, OPTIONS, POST"),
        ("GET", "/rooms/hall/events/1", "DELETE, OPTIONS"),
        ("HEAD", "/rooms/hall/events/1", "DELETE, OPTIONS"),
        ("POST", "/rooms/hall/stream", "GET, HEAD, OPTIONS"),
        ("POST", "/health/ready", "GET, HEAD, OPTIONS"),
        ("POST", "/schema/openapi.json", "GET, HEAD, OPTIONS"),
        ("PATCH", "/", "GET, HEAD, OPTIONS"),
    ],
)
async def test_a_method_that_is_not_there_is_405_with_those_that_are(
    http: httpx.AsyncClient, method: str, path: str, allowed: str
) -> None:
    answer = await http.request(method, path, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/rooms", "GET, HEAD, OPTIONS"),
        ("/rooms/hall/events", "GET, HEAD, OPTIONS, POST"),
        ("/rooms/hall/events/1", "DELETE, OPTIONS"),
    ],
)
async def test_options_tells_them_all(http: httpx.AsyncClient, path: str, allowed: str) -> None:
    answer = await http.options(path)
    assert (answer.status_code, answer.headers["allow"]) == (204, allowed)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_so_it_is_without_a_body(http: httpx.AsyncClient, method: str) -> None:
    answer = await http.request(method, "/rooms")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


async def test_the_websocket_asked_for_without_an_upgrade_says_so(http: httpx.AsyncClient) -> None:
    answer = await http.get("/ws")
    assert (answer.status_code, answer.headers["upgrade"]) == (426, "websocket")


@pytest.mark.parametrize(
    "name", ["drivers/65", "ä/ö", "/", "a/events", "100%", "a%2Fb", "a?b#c", "räum €", "...", "a+b&c"]
)
async def test_a_legal_room_id_can_be_said_on_every_way_in(http: httpx.AsyncClient, ada: WireClient, name: str) -> None:
    room_id = f"{name}{next(NUMBERS)}"
    await ada.ask("createRoom", room={"id": room_id, "name": name})
    path = f"/rooms/{quote(room_id, safe='')}"
    assert (await http.get(path)).json()["id"] == room_id
    assert (await http.post(f"{path}/events", json=EVENT)).status_code == 201
    assert seqs((await http.get(f"{path}/events")).json()["events"]) == [1]
    assert (await http.delete(f"{path}/events/1")).status_code == 204
    async with http.stream("GET", f"{path}/stream") as stream:
        assert stream.status_code == 200
    await ada.ask("deleteRoom", roomId=room_id)


async def test_no_url_of_one_room_is_another_s(http: httpx.AsyncClient, ada: WireClient) -> None:
    """The history of `a/events` was that of `a`, and with an empty id that of the room `events`."""
    number = next(NUMBERS)
    for room_id in (f"a{number}", f"a{number}/events"):
        await ada.ask("createRoom", room={"id": room_id, "name": "A"})
        await ada.join(room_id)
    await ada.publish(f"a{number}", 3)
    page = (await http.get(f"/rooms/a{number}%2Fevents/events")).json()
    assert (page["roomId"], page["events"]) == (f"a{number}/events", [])
    assert (await http.get(f"/rooms/a{number}%2Fevents")).json()["id"] == f"a{number}/events"
    for path in ("/rooms//events", "//rooms//hall", "/rooms/%FF"):
        refused(await http.get(path), 404)


@pytest.mark.parametrize("room_id", [".", ".."])
async def test_an_id_that_parsers_of_urls_eat_is_refused(ada: WireClient, room_id: str) -> None:
    answer = await ada.refused("createRoom", room={"id": room_id, "name": "A"})
    assert (answer["code"], answer["details"][0]["path"]) == ("INVALID_REQUEST", "room.id")


@pytest.mark.parametrize("origin", [LOCAL, "http://127.0.0.1", "https://[::1]:8080"])
async def test_pages_of_this_machine_may_read_where_no_origins_are_listed(http: httpx.AsyncClient, origin: str) -> None:
    """As they may open a WebSocket."""
    answer = await http.get("/rooms/hall", headers={"Origin": origin})
    assert answer.headers["access-control-allow-origin"] == origin


@pytest.mark.parametrize(
    "origin", [FOREIGN, "http://localhost.evil.example", "http://localhost:1.evil.example", "null"]
)
async def test_foreign_pages_may_not_read_what_is_answered(http: httpx.AsyncClient, origin: str) -> None:
    for path in ("/rooms/hall", "/rooms/nowhere"):
        answer = await http.get(path, headers={"Origin": origin})
        assert "access-control-allow-origin" not in answer.headers


async def test_where_origins_are_listed_only_their_pages_may_read(new_server: Callable[..., ServerProcess]) -> None:
    server = new_server(allowed_origins='["https://chat.example/"]')
    async with httpx.AsyncClient(base_url=server.http, headers=ME, trust_env=False) as http:
        allowed = await http.get("/rooms/hall", headers={"Origin": "https://chat.example"})
        assert allowed.headers["access-control-allow-origin"] == "https://chat.example"
        for origin in (LOCAL, "https://chatXexample"):
            answer = await http.get("/rooms/hall", headers={"Origin": origin})
            assert "access-control-allow-origin" not in answer.headers
