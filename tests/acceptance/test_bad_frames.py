"""A frame that cannot be read is answered, and harms nobody."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest

from ..support.server_process import ServerProcess
from ..support.wire_client import Message, WireClient, connected, error_paths, opened

UNREADABLE = {
    "no JSON": "hello",
    "nothing": "",
    "half an object": '{"type": "ping"',
    "two objects": '{"type": "ping"}{"type": "ping"}',
    "an array": '[{"type": "ping"}]',
    "a text": '"ping"',
    "a number": "7",
    "null": "null",
    "no type": "{}",
    "a type that is no text": '{"type": 7}',
    "a type that is an object": '{"type": {"ping": 1}}',
    "an unknown type": '{"type": "shout"}',
    "a type in other letters": '{"type": "Ping"}',
    "depth 10,000": '{"type": "ping", "x": ' + "[" * 10_000 + "]" * 10_000 + "}",
    "depth 10,000 of objects": '{"type":"ping","x":' + '{"a":' * 10_000 + "1" + "}" * 10_000 + "}",
    "NaN": '{"type": "ping", "x": NaN}',
    "Infinity": '{"type": "ping", "x": -Infinity}',
    "an integer of 5,000 digits": '{"type": "ping", "x": ' + "9" * 5_000 + "}",
    "single quotes": "{'type': 'ping'}",
    "a comment": '{"type": "ping"} // hi',
    "a raw control character": '{"type": "pi\nng"}',
}


@pytest.mark.parametrize("text", UNREADABLE.values(), ids=UNREADABLE.keys())
async def test_a_frame_that_cannot_be_read_is_an_invalid_request(ada: WireClient, text: str) -> None:
    await ada.send_text(text)
    error = await ada.pushed("error")
    assert error["code"] == "INVALID_REQUEST"
    assert error["details"]
    assert (await ada.ask("ping"))["type"] == "pong"


async def test_a_binary_frame_is_an_invalid_request(ada: WireClient) -> None:
    for frame in (b'{"type": "ping"}', b"\xff\xfe", b""):
        await ada.send_text(frame)
        assert (await ada.pushed("error"))["code"] == "INVALID_REQUEST"
    assert (await ada.ask("ping"))["type"] == "pong"


async def test_a_bad_frame_before_connect_leaves_the_connection_open(server: ServerProcess) -> None:
    async with opened(server.ws) as client:
        await client.send_text("hello")
        assert (await client.pushed("error"))["code"] == "INVALID_REQUEST"
        assert (await client.ask("connect"))["type"] == "connected"


async def test_an_error_with_a_readable_id_carries_it(ada: WireClient) -> None:
    for frame in ('{"id": "a", "type": "shout"}', '{"id": "a"}', '{"type": 7, "id": "a"}'):
        await ada.send_text(frame)
        assert (await ada.answer("a"))["code"] == "INVALID_REQUEST"


BAD_DATA = {
    "a key twice": ('{"text": "a", "text": "b"}', "data"),
    "a key twice, deeper": ('{"text": "a", "more": [{"k": 1, "k": 1}]}', "data.more[0]"),
    "NUL": (r'{"text": "a\u0000b"}', "data.text"),
    "a lone surrogate": (r'{"text": "\ud800"}', "data.text"),
    "a lone surrogate as a key": (r'{"\udfff": 1}', "data"),
    "2^53 + 1": ('{"n": 9007199254740993}', "data.n"),
    "-(2^53 + 1)": ('{"n": [-9007199254740993]}', "data.n[0]"),
    "too large for a double": ('{"n": 1e999}', "data.n"),
    "depth 65": ("[" * 65 + "]" * 65, "data" + "[0]" * 64),
}


@pytest.mark.parametrize(("data", "path"), BAD_DATA.values(), ids=BAD_DATA.keys())
async def test_what_no_archive_keeps_is_an_invalid_event_with_its_path(ada: WireClient, data: str, path: str) -> None:
    await ada.join("hall", events=["note"])
    await ada.send_text(f'{{"type": "trigger", "id": "x", "roomId": "hall", "event": "note", "data": {data}}}')
    error = await ada.answer("x")
    assert (error["code"], error_paths(error)) == ("INVALID_EVENT", [path])


@pytest.mark.parametrize(("meta", "path"), [('{"a": 1, "a": 2}', "meta"), (r'{"a": "\u0000"}', "meta.a")])
async def test_meta_is_held_to_the_same(ada: WireClient, meta: str, path: str) -> None:
    await ada.join("hall", events=["note"])
    request = f'{{"type": "trigger", "id": "x", "roomId": "hall", "event": "note", "data": 1, "meta": {meta}}}'
    await ada.send_text(request)
    error = await ada.answer("x")
    assert (error["code"], error_paths(error)) == ("INVALID_EVENT", [path])


KEPT = {
    "null": None,
    "false": False,
    "an empty text": "",
    "2^53": 2**53,
    "-2^53": -(2**53),
    "a tiny number": 5e-324,
    "a huge number": 1.7976931348623157e308,
    "one and a half": 1.5,
    "every plane": "ü€😀\u2028\u2029\x7f",
    "depth 63": json.loads("[" * 63 + "]" * 63),
    "an empty object": {},
    "keys of all kinds": {"": 1, " ": 2, "__proto__": 3, "data": 4},
    "HTML": "</script><b>&amp;",
}


@pytest.mark.parametrize("data", KEPT.values(), ids=KEPT.keys())
async def test_any_other_json_comes_back_equal(ada: WireClient, data: object) -> None:
    await ada.join("hall", events=["note"])
    seq = (await ada.ask("trigger", roomId="hall", event="note", data=data, meta={"m": data}))["seq"]
    live = (await ada.events(1))[0]
    page = await ada.page("hall", around=seq, limit=1)
    for event in (live, page["events"][0]):
        assert event["data"] == data
        assert event["meta"] == {"m": data}
        assert type(event["data"]) is type(data)


async def test_depth_64_is_the_deepest_that_is_kept(ada: WireClient) -> None:
    await ada.join("hall", events=["note"])
    data = json.loads("[" * 64 + "]" * 64)
    await ada.trigger("hall", "note", data)
    assert (await ada.events(1))[0]["data"] == data
    assert (await ada.refused("trigger", roomId="hall", event="note", data=[data]))["code"] == "INVALID_EVENT"


@pytest.mark.parametrize(
    "frame",
    [
        '{"type": "ping", "type": "ping", "id": "x"}',
        '{"type": "ping", "id": "x", "id": "x"}',
        '{"type": "join", "id": "x", "roomId": "hall", "since": {"epoch": "a", "epoch": "b", "seq": 1}}',
    ],
)
async def test_a_key_twice_outside_of_the_payload_is_an_invalid_request(ada: WireClient, frame: str) -> None:
    await ada.send_text(frame)
    answer: Message = await ada.answer("x")
    assert (answer["type"], answer["code"]) == ("error", "INVALID_REQUEST")


async def test_room_ids_and_names_with_surrogates_or_nul_are_answered(ada: WireClient) -> None:
    for bad in (r"\ud800", r"\u0000", r"\ud83d"):
        await ada.send_text(f'{{"type": "join", "id": "x", "roomId": "{bad}"}}')
        assert (await ada.answer("x"))["code"] in ("ROOM_NOT_FOUND", "INVALID_REQUEST")
        room = f'{{"id": "{bad}", "name": "n"}}'
        await ada.send_text(f'{{"type": "createRoom", "id": "y", "room": {room}}}')
        assert (await ada.answer("y"))["code"] == "INVALID_REQUEST"
        room = f'{{"id": "surrogate-room", "name": "n", "description": "{bad}"}}'
        await ada.send_text(f'{{"type": "createRoom", "id": "z", "room": {room}}}')
        answer = await ada.answer("z")
        assert (answer["type"], error_paths(answer)) == ("error", ["room.description"])
        await ada.send_text(f'{{"type": "listRooms", "id": "c", "cursor": "{bad}"}}')
        assert (await ada.answer("c"))["type"] in ("rooms", "error")


async def test_a_frame_over_the_limit_is_closed_with_1009_and_the_client_sees_it(server: ServerProcess) -> None:
    frame = json.dumps({"type": "ping", "x": "x" * 64 * 1024})
    for text in (frame, frame * 50):
        async with connected(server.ws) as client, connected(server.ws) as other:
            await client.send_text(text)
            code, reason = await client.closed()
            assert code == 1009
            assert "65536" in reason
            assert (await other.ask("ping"))["type"] == "pong"


async def test_a_frame_of_exactly_the_limit_is_read(ada: WireClient) -> None:
    frame = json.dumps({"type": "ping", "id": "x", "x": ""})
    await ada.send_text(frame.replace('""', '"' + "x" * (65_536 - len(frame)) + '"'))
    assert (await ada.answer("x"))["type"] == "pong"


async def test_the_limit_counts_bytes_not_characters(ada: WireClient) -> None:
    await ada.send_text('{"type": "ping", "x": "' + "€" * 30_000 + '"}')
    assert (await ada.closed())[0] == 1009


async def test_max_frame_is_a_setting(new_server: Callable[..., ServerProcess]) -> None:
    server = new_server(max_frame=2048)
    async with connected(server.ws) as client:
        await client.send_text(json.dumps({"type": "ping", "x": "x" * 2048}))
        assert (await client.closed())[0] == 1009


async def test_an_event_with_more_than_ten_thousand_values_is_refused_by_its_path_at_both_doors(
    server: ServerProcess,
) -> None:
    async with connected(server.ws, "ada") as ada, httpx.AsyncClient(base_url=server.http, trust_env=False) as http:
        await ada.join("hall")
        for data, is_kept in (([1] * 9_999, True), ([1] * 10_000, False), ([[[]] * 2] * 4_000, False)):
            body: dict[str, object] = {"event": "note", "data": data}
            answer = await http.post("/rooms/hall/events?userId=eve", json=body)
            if is_kept:
                assert answer.status_code == 201
                await ada.trigger("hall", "note", data)
            else:
                error = await ada.refused("trigger", roomId="hall", **body)
                assert (answer.status_code, answer.json()["code"]) == (422, "INVALID_EVENT")
                for details in (error["details"], answer.json()["details"]):
                    assert details == [{"path": "data", "message": "must hold at most 10000 values"}]
        assert (await ada.ask("ping"))["type"] == "pong"


async def test_a_frame_with_too_many_values_elsewhere_is_an_invalid_request(ada: WireClient) -> None:
    error = await ada.refused("ping", anything=[0] * 10_000)
    assert (error["code"], error_paths(error)) == ("INVALID_REQUEST", ["anything"])
