"""The calls over HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from ..support.server_process import ServerProcess
from ..support.wire_client import WireClient, seqs

ME = {"X-User-Id": "ada"}


@pytest.fixture
async def http(server: ServerProcess) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who says who they are."""
    async with httpx.AsyncClient(base_url=server.http, headers=ME, trust_env=False) as client:
        yield client


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem document that the answer must be."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["type"] == "about:blank"
    assert document["title"]
    assert document["detail"]
    assert (document["status"], document["code"]) == (status, code)
    return document


async def test_an_event_is_published_kept_and_sent_to_the_members(
    http: httpx.AsyncClient, ada: WireClient, room: str
) -> None:
    await ada.join(room)
    body = {"event": "message", "data": {"text": "hi", "more": 1}, "meta": {"tag": "x"}}
    answer = await http.post(f"/rooms/{room}/events", json=body)
    assert answer.status_code == 201
    assert answer.headers["content-type"] == "application/json"
    event = answer.json()
    assert list(event) == ["event", "roomId", "data", "from", "timestamp", "seq", "meta"]
    assert event["data"] == {"text": "hi", "username": "nobody"}
    assert (event["from"], event["seq"]) == ("ada", 1)
    assert await ada.events(1) == [event]
    assert (await http.get(f"/rooms/{room}/events")).json()["events"] == [event]
    assert (await http.get(f"/rooms/{room}")).json()["size"] == 1  # no membership came of it


async def test_an_event_without_history_has_no_seq(http: httpx.AsyncClient) -> None:
    answer = await http.post("/rooms/hall/events", json={"event": "typing", "data": True})
    assert answer.status_code == 201
    assert "seq" not in answer.json()


async def test_who_asks_may_stand_in_the_query(server: ServerProcess) -> None:
    async with httpx.AsyncClient(base_url=server.http, trust_env=False) as client:
        assert (await client.get("/rooms?userId=ada")).status_code == 200
        sent = await client.post("/rooms/hall/events?userId=eve", json={"event": "note", "data": 1})
        assert sent.json()["from"] == "eve"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/rooms"), ("GET", "/rooms/hall"), ("GET", "/rooms/hall/events"), ("POST", "/rooms/hall/events")],
)
async def test_without_a_user_it_is_401(server: ServerProcess, method: str, path: str) -> None:
    async with httpx.AsyncClient(base_url=server.http, trust_env=False) as client:
        problem(await client.request(method, path, json={"event": "note", "data": 1}), 401, "UNAUTHENTICATED")


async def test_a_user_id_that_is_none_is_refused(http: httpx.AsyncClient) -> None:
    document = problem(await http.get("/rooms", headers={"X-User-Id": "x" * 256}), 422, "INVALID_REQUEST")
    assert document["details"][0]["path"] == "X-User-Id"


async def test_a_user_id_in_the_query_that_is_none_is_refused_by_its_name(server: ServerProcess) -> None:
    async with httpx.AsyncClient(base_url=server.http, trust_env=False) as client:
        for path in ("/rooms", "/rooms/hall/events", "/rooms/hall/stream"):
            document = problem(await client.get(path, params={"userId": " ada"}), 422, "INVALID_REQUEST")
            assert document["details"][0]["path"] == "userId"


async def test_rooms_are_listed_with_a_cursor(http: httpx.AsyncClient, room: str) -> None:
    listed: list[str] = []
    answer = (await http.get("/rooms", params={"limit": 2})).json()
    listed += [each["id"] for each in answer["rooms"]]
    while "cursor" in answer:
        answer = (await http.get("/rooms", params={"limit": 2, "cursor": answer["cursor"]})).json()
        listed += [each["id"] for each in answer["rooms"]]
    assert listed == sorted(listed)
    assert {"hall", "small", room} <= set(listed)
    hall = (await http.get("/rooms/hall")).json()
    assert {**hall, "size": 0, "users": 0} == {
        "id": "hall",
        "name": "The Hall",
        "description": "For everyone",
        "size": 0,
        "users": 0,
    }


async def test_links_lead_to_the_very_first_event_and_back(http: httpx.AsyncClient, ada: WireClient, room: str) -> None:
    await ada.join(room)
    await ada.publish(room, 33)
    answer = await http.get(f"/rooms/{room}/events", params={"limit": 10, "event": "message"})
    older = list(answer.json()["events"])
    pages = 1
    while "next" in answer.links:
        answer = await http.get(answer.url.join(answer.links["next"]["url"]))
        older += answer.json()["events"]
        pages += 1
    assert seqs(older) == list(range(33, 0, -1))
    assert pages == 4
    newer: list[int] = []
    while "prev" in answer.links:
        answer = await http.get(answer.url.join(answer.links["prev"]["url"]))
        page = seqs(answer.json()["events"])
        assert ("next" in answer.links) is bool(page)  # from a page of newer events there is a way back, always
        newer += reversed(page)
    assert newer == list(range(4, 34))


async def test_links_keep_who_asks_the_name_and_the_epoch(server: ServerProcess, ada: WireClient, room: str) -> None:
    await ada.join(room)
    await ada.publish(room, 3, "note")
    async with httpx.AsyncClient(base_url=server.http, trust_env=False) as client:
        answer = await client.get(f"/rooms/{room}/events", params={"limit": 2, "event": "note", "userId": "a&b=ü"})
        following = answer.url.join(answer.links["next"]["url"])
        page = (await client.get(following)).json()
    assert seqs(page["events"]) == [1]
    assert following.params["epoch"] == page["epoch"]
    assert following.params["userId"] == "a&b=ü"


async def test_every_form_of_page_is_the_same_as_on_the_websocket(
    http: httpx.AsyncClient, ada: WireClient, room: str
) -> None:
    await ada.join(room)
    await ada.publish(room, 30)
    time = (await ada.page(room, around=9, limit=1))["events"][0]["timestamp"]
    epoch = (await ada.page(room))["epoch"]
    forms: list[dict[str, Any]] = [
        {},
        {"limit": 3},
        {"before": 20, "limit": 3},
        {"after": 20, "limit": 3},
        {"around": 20, "limit": 3, "event": "message"},
        {"beforeTime": time, "limit": 3},
        {"afterTime": time, "limit": 3},
        {"event": "message", "start": 2, "end": 9},
        {"event": "message", "start": 2, "end": 9, "anchor": 12},
        {"epoch": epoch, "limit": 1},
    ]
    for form in forms:
        over_http = (await http.get(f"/rooms/{room}/events", params=form)).json()
        over_ws = await ada.page(room, **form)
        assert over_http == {name: value for name, value in over_ws.items() if name not in ("type", "id")}, form


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=x", "limit"),
        ("limit=", "limit"),
        ("limit=1.5", "limit"),
        ("before=-1", "before"),
        ("before=1&after=1", "after"),
        ("start=0&end=5", "event"),
        ("event=message&start=5&end=5", "end"),
        ("event=message&start=5", "end"),
        ("anchor=5", "anchor"),
        ("after=99999999999999999999999", "after"),
        ("before=1_0", "before"),
        ("before=%2B10", "before"),
        ("before=+10", "before"),
        ("before=%2010", "before"),
        ("before=10%20", "before"),
        ("before=10%0A", "before"),
        ("before=10.0", "before"),
        ("before=1e1", "before"),
        ("before=0x1", "before"),
        ("before=%D9%A3", "before"),
        ("before=", "before"),
        ("before=" + "9" * 5_000, "before"),
        ("before=1&before=5", "before"),
        ("before=5&before=5", "before"),
        ("limit=5&limit=5", "limit"),
        ("beforeTime=1_0", "beforeTime"),
        ("event=note&start=0&end=1_0", "end"),
        ("event=note&event=message", "event"),
        ("epoch=a&epoch=a", "epoch"),
        ("event=%FF", "query"),
        ("a&" * 2_000, "query"),
    ],
)
async def test_a_page_that_cannot_be_is_422_with_the_field(http: httpx.AsyncClient, query: str, field: str) -> None:
    document = problem(await http.get(f"/rooms/hall/events?{query}"), 422, "INVALID_REQUEST")
    assert document["details"][0]["path"] == field


@pytest.mark.parametrize("query", ["limit=1_0", "limit=%2B1", "limit=1&limit=1", "cursor=a&cursor=b", "limit=0"])
async def test_a_list_that_cannot_be_is_422_with_the_field(http: httpx.AsyncClient, query: str) -> None:
    document = problem(await http.get(f"/rooms?{query}"), 422, "INVALID_REQUEST")
    assert document["details"][0]["path"] == query.partition("=")[0]


async def test_numbers_with_leading_zeros_are_decimal_digits(http: httpx.AsyncClient) -> None:
    assert (await http.get("/rooms/hall/events?limit=0000000000000000000005")).status_code == 200


@pytest.mark.parametrize("seq", ["1_0", "+1", "%201", "1.0", "x", "-1", "9" * 5_000, "%D9%A3"])
async def test_a_place_that_is_none_cannot_be_redacted(http: httpx.AsyncClient, seq: str) -> None:
    document = problem(await http.delete(f"/rooms/hall/events/{seq}"), 422, "INVALID_REQUEST")
    assert document["details"][0]["path"] == "seq"


@pytest.mark.parametrize("name", ["userId", "token"])
async def test_who_asks_is_said_once(server: ServerProcess, name: str) -> None:
    async with httpx.AsyncClient(base_url=server.http, trust_env=False) as client:
        answer = await client.get(f"/rooms/hall/stream?{name}=ada&{name}=bob")
    assert problem(answer, 422, "INVALID_REQUEST")["details"][0]["path"] == name


async def test_an_unknown_position_is_410_with_the_valid_range(http: httpx.AsyncClient, room: str) -> None:
    for query in ("epoch=another", "after=2", "before=2", "around=2"):
        document = problem(await http.get(f"/rooms/{room}/events?{query}"), 410, "POSITION_UNKNOWN")
        assert document["details"].keys() == {"epoch", "floor", "head"}


async def test_no_such_room_is_404(http: httpx.AsyncClient) -> None:
    body = {"event": "note", "data": 1}
    problem(await http.get("/rooms/nowhere"), 404, "ROOM_NOT_FOUND")
    problem(await http.get("/rooms/nowhere/events"), 404, "ROOM_NOT_FOUND")
    problem(await http.post("/rooms/nowhere/events", json=body), 404, "ROOM_NOT_FOUND")


async def test_what_the_framework_refuses_is_422_too(http: httpx.AsyncClient) -> None:
    problem(await http.get("/rooms/" + "x" * 256), 422, "INVALID_REQUEST")


async def test_no_such_path_and_no_such_method_are_problems_too(http: httpx.AsyncClient) -> None:
    problem(await http.get("/nowhere"), 404, "NOT_FOUND")
    problem(await http.delete("/rooms"), 405, "METHOD_NOT_ALLOWED")
    problem(await http.put("/rooms/hall/events", json={}), 405, "METHOD_NOT_ALLOWED")


async def test_no_such_event_is_422(http: httpx.AsyncClient) -> None:
    for event in ("shout", "dialogue.redacted"):
        answer = await http.post("/rooms/hall/events", json={"event": event, "data": 1})
        problem(answer, 422, "EVENT_NOT_ALLOWED")
    problem(await http.get("/rooms/hall/events?event=typing"), 422, "EVENT_NOT_ALLOWED")


@pytest.mark.parametrize(
    ("body", "code", "path"),
    [
        (b"", "INVALID_REQUEST", "body"),
        (b"hello", "INVALID_REQUEST", "body"),
        (b"[]", "INVALID_REQUEST", "body"),
        (b"\xff\xfe", "INVALID_REQUEST", "body"),
        (b'{"event": "note"}', "INVALID_REQUEST", "data"),
        (b'{"data": 1}', "INVALID_REQUEST", "event"),
        (b'{"event": 7, "data": 1}', "INVALID_REQUEST", "event"),
        (b'{"event": "note", "data": 1, "meta": 7}', "INVALID_REQUEST", "meta"),
        (b'{"event": "note", "data": 1, "key": "k"}', "INVALID_REQUEST", "key"),
        (b'{"event": "note", "event": "note", "data": 1}', "INVALID_REQUEST", "event"),
        (b'{"event": "note", "data": 1, "\\ud800": 1, "\\ud800": 2}', "INVALID_REQUEST", "?"),
        (b'{"event": "note", "data": NaN}', "INVALID_REQUEST", "body"),
        (b'{"event": "note", "data": {"a": 1, "a": 2}}', "INVALID_EVENT", "data"),
        (b'{"event": "note", "data": 9007199254740993}', "INVALID_EVENT", "data"),
        (b'{"event": "note", "data": "\\u0000"}', "INVALID_EVENT", "data"),
        (b'{"event": "message", "data": {}}', "INVALID_EVENT", "data.text"),
        (b'{"event": "note", "data": ' + b"[" * 10_000 + b"]" * 10_000 + b"}", "INVALID_REQUEST", "body"),
    ],
)
async def test_a_body_that_cannot_be_is_422_with_the_path(
    http: httpx.AsyncClient, body: bytes, code: str, path: str
) -> None:
    answer = await http.post("/rooms/hall/events", content=body, headers={"Content-Type": "application/json"})
    assert problem(answer, 422, code)["details"][0]["path"] == path


async def test_a_body_larger_than_a_frame_is_413(http: httpx.AsyncClient) -> None:
    body = {"event": "note", "data": "x" * 70_000}
    problem(await http.post("/rooms/hall/events", json=body), 413, "INVALID_REQUEST")


async def test_an_idempotency_key_publishes_once_and_a_repeat_is_200_with_the_first_event(
    http: httpx.AsyncClient, room: str
) -> None:
    body = {"event": "note", "data": {"b": 1, "a": [1.0]}}
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    first = await http.post(f"/rooms/{room}/events", json=body, headers=headers)
    again = await http.post(
        f"/rooms/{room}/events", content=b'{"data": {"a": [1], "b": 1}, "event": "note"}', headers=headers
    )
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    other = await http.post(f"/rooms/{room}/events", json={"event": "note", "data": 2}, headers=headers)
    assert problem(other, 422, "INVALID_REQUEST")["details"][0]["path"] == "key"
    assert len((await http.get(f"/rooms/{room}/events")).json()["events"]) == 1


@pytest.mark.parametrize("key", ["", "k" * 65])
async def test_an_idempotency_key_of_the_wrong_size_is_422(http: httpx.AsyncClient, room: str, key: str) -> None:
    body = {"event": "note", "data": 1}
    answer = await http.post(f"/rooms/{room}/events", json=body, headers={"Idempotency-Key": key})
    assert problem(answer, 422, "INVALID_REQUEST")["details"][0]["path"] == "Idempotency-Key"


async def test_health_says_alive_and_ready(http: httpx.AsyncClient) -> None:
    for path in ("/health/live", "/health/ready"):
        answer = await http.get(path)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_the_page_and_its_client_are_served(http: httpx.AsyncClient) -> None:
    page = await http.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    for place in re.findall(r'(?:href|src)="(page/[^"]+)"', page.text):
        assert (await http.get(place)).headers["content-security-policy"] == page.headers["content-security-policy"]
    script = await http.get("/client.js")
    assert script.headers["content-type"].startswith("text/javascript")
    again = await http.get("/client.js", headers={"If-None-Match": script.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("path", ["/", "/client.js", "/schema", "/schema/openapi.json", "/asyncapi.json"])
async def test_what_a_client_has_already_is_not_sent_again(http: httpx.AsyncClient, path: str) -> None:
    """Also where a proxy compressed it, and so made its tag weak, and where several are named (RFC 9110, 13.1.2)."""
    tag = (await http.get(path)).headers["etag"]
    for known in (tag, f"W/{tag}", f'"another", W/{tag}', "*"):
        assert (await http.get(path, headers={"If-None-Match": known})).status_code == 304
    two = [("If-None-Match", '"another"'), ("If-None-Match", tag)]
    assert (await http.get(path, headers=two)).status_code == 304
    for other in ('"another"', tag.strip('"'), f'W/"x{tag[1:]}', ""):
        assert (await http.get(path, headers={"If-None-Match": other})).status_code == 200


async def test_openapi_describes_every_operation_parameter_answer_and_field(http: httpx.AsyncClient) -> None:
    document = (await http.get("/schema/openapi.json")).json()
    assert document["info"]["title"] == "Dialogue"
    assert document["paths"].keys() >= {"/rooms", "/rooms/{room_id}", "/rooms/{room_id}/events", "/health/ready"}
    bare = list(undescribed(document))
    assert bare == []
    assert "Created" not in json.dumps(document["paths"])


def undescribed(document: dict[str, Any]) -> list[str]:
    """Where a description is missing."""
    bare = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            here = f"{method} {path}"
            bare += [here] if not (operation.get("summary") and operation.get("description")) else []
            for parameter in operation.get("parameters", []):
                bare += [f"{here} {parameter['name']}"] if not parameter.get("description") else []
            for status, answer in operation["responses"].items():
                bare += [f"{here} {status}"] if not answer.get("description") else []
    for name, schema in document["components"]["schemas"].items():
        for field, described in schema.get("properties", {}).items():
            bare += [f"{name}.{field}"] if not described.get("description") else []
    return bare


async def test_a_room_says_what_may_happen_in_it(http: httpx.AsyncClient) -> None:
    """Each event's name, whether it is kept, and what its data has to be; 404 where there is no such room."""
    answer = await http.get("/rooms/quiet/definitions", headers={"X-User-Id": "ada"})
    events = {event["name"]: event for event in answer.json()["events"]}
    assert events["message"]["hasHistory"] is True
    assert events["message"]["schema"]["properties"]["text"]["maxLength"] == 2000
    assert events["typing"]["hasHistory"] is False
    nowhere = await http.get("/rooms/nowhere/definitions", headers={"X-User-Id": "ada"})
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "ROOM_NOT_FOUND")
