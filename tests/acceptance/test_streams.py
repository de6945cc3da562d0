"""Server-sent events: what a stream begins with, what comes then, and what is refused."""

from __future__ import annotations

import json

import httpx
import pytest
from anyio import create_task_group, fail_after

from ..support.event_source import EventSource, Sent, refusal, streaming
from ..support.server_process import ServerProcess
from ..support.wire_client import DEADLINE_S, WireClient, seqs
from .conftest import NUMBERS
from .test_http import problem
from .test_slow_clients import until_members


async def test_a_stream_begins_with_where_it_stands_and_goes_on_with_what_happens(
    server: ServerProcess, ada: WireClient, room: str
) -> None:
    position = (await ada.join(room))["position"]
    async with streaming(server.http, room) as stream:
        assert stream.response.headers["content-type"] == "text/event-stream"
        assert stream.response.headers["cache-control"] == "no-store"
        assert stream.response.headers["x-accel-buffering"] == "no"
        names = ["message", "note", "rare", "typing"]
        opening = {"recovered": False, "roomId": room, "events": names, "position": position, "hasMore": False}
        # No history follows, so the position is the client's from here on.
        assert await stream.next() == Sent("recovered", f"{position['epoch']}-0", opening)
        await ada.trigger(room, meta={"tag": "x"})
        await ada.trigger(room, "note", "two\nlines, \r and a \u2028")
        await ada.trigger(room, "typing", True)
        events = await stream.events(3)
        assert events == await ada.events(3)
        assert stream.last_id == f"{position['epoch']}-2"  # an event without history does not move it


async def test_the_history_comes_oldest_first_and_moves_the_position_by_itself(
    server: ServerProcess, ada: WireClient, room: str
) -> None:
    """The opening has no id then: a client cut off right behind it would lose the history."""
    epoch = (await ada.join(room))["position"]["epoch"]
    await ada.publish(room, 60)
    async with streaming(server.http, room) as stream:
        opening = await stream.next()
        assert opening.id is None
        assert opening.data["position"] == {"epoch": epoch, "seq": 60}
        assert opening.data["hasMore"] is True
        assert seqs(await stream.events(50)) == list(range(11, 61))
        await ada.trigger(room)
        assert seqs(await stream.events(1)) == [61]


async def test_names_are_chosen_in_the_query_or_by_the_room(server: ServerProcess, ada: WireClient, room: str) -> None:
    await ada.join(room)
    async with (
        streaming(server.http, room, event="note") as one,
        streaming(server.http, room, event=["typing", "rare"]) as two,
        streaming(server.http, room, event="*") as everything,
        streaming(server.http, "quiet") as default,
    ):
        assert (await one.opening())["events"] == ["note"]
        assert (await two.opening())["events"] == ["rare", "typing"]
        assert (await everything.opening())["events"] == ["message", "note", "rare", "typing"]
        assert (await default.opening())["events"] == ["message", "typing"]
        for name in ("message", "note", "rare", "typing", "note"):
            await ada.trigger(room, name)
        assert [event["event"] for event in await one.events(2)] == ["note", "note"]
        assert [event["event"] for event in await two.events(2)] == ["rare", "typing"]
        assert [event["event"] for event in await everything.events(5)][::4] == ["message", "note"]


async def test_many_streams_and_sockets_get_the_same_while_many_publish(
    server: ServerProcess, ada: WireClient, bob: WireClient, room: str
) -> None:
    for client in (ada, bob):
        await client.join(room)
    live: list[list[int]] = []

    async def listen(stream: EventSource) -> None:
        seen: list[int] = []
        while len(seen) < 400:
            seen += seqs(await stream.events(1))
        live.append(seen)

    async with (
        streaming(server.http, room) as one,
        streaming(server.http, room) as two,
        streaming(server.http, room) as three,
    ):
        streams = (one, two, three)
        for stream in streams:
            await stream.opening()
        async with create_task_group() as tasks:
            for stream in streams:
                tasks.start_soon(listen, stream)
            tasks.start_soon(ada.publish, room, 200)
            tasks.start_soon(bob.publish, room, 200, "note")
    assert live == [list(range(1, 401))] * 3


async def test_nothing_is_missed_or_repeated_where_a_stream_joins_while_others_publish(
    server: ServerProcess, ada: WireClient, room: str
) -> None:
    await ada.join(room)
    last = 0

    async def listen() -> None:
        async with streaming(server.http, room) as stream:
            position = (await stream.opening())["position"]["seq"]
            begin = max(position - 50, 0)
            places = seqs(await stream.events(last - begin))
            assert places == list(range(begin + 1, last + 1))

    for _ in range(5):
        last += 100
        with fail_after(DEADLINE_S):
            async with create_task_group() as tasks:
                tasks.start_soon(ada.publish, room, 100)
                for _ in range(5):
                    tasks.start_soon(listen)


async def test_a_client_that_comes_back_gets_what_it_missed_once_and_in_order(
    server: ServerProcess, ada: WireClient, room: str
) -> None:
    await ada.join(room)
    await ada.publish(room, 20)
    async with streaming(server.http, room) as stream:
        await stream.opening()
        await stream.events(15)  # and is cut off in the middle of the history
        last_id = stream.last_id
    await ada.publish(room, 30, "note")
    async with streaming(server.http, room, last_id=last_id) as stream:
        opening = await stream.next()
        assert opening.id is None
        assert opening.data["recovered"] is True
        assert seqs(await stream.events(35)) == list(range(16, 51))
        await ada.trigger(room)
        assert seqs(await stream.events(1)) == [51]
        last_id = stream.last_id
    async with streaming(server.http, room, last_id=last_id) as stream:
        opening = await stream.next()
        assert (opening.data["recovered"], opening.id) == (True, last_id)
        await ada.trigger(room)
        assert seqs(await stream.events(1)) == [52]


async def test_a_redaction_is_told_whatever_names_were_chosen(
    server: ServerProcess, ada: WireClient, room: str
) -> None:
    await ada.join(room)
    await ada.publish(room, 2)
    async with (
        streaming(server.http, room, event="note") as stream,
        httpx.AsyncClient(base_url=server.http, trust_env=False) as http,
    ):
        await stream.opening()
        sender = (await ada.page(room))["events"][0]["from"]
        assert (await http.delete(f"/rooms/{room}/events/1", headers={"X-User-Id": sender})).status_code == 204
        [event] = await stream.events(1)
        assert (event["event"], event["data"]["seq"], event["seq"]) == ("dialogue.redacted", 1, 3)


async def test_a_position_of_another_life_or_beyond_the_head_is_not_recovered(
    server: ServerProcess, ada: WireClient, room: str
) -> None:
    epoch = (await ada.join(room))["position"]["epoch"]
    await ada.publish(room, 3)
    for last_id in ("another-life-1", f"{epoch}-4", f"{epoch}-{2**53}"):
        async with streaming(server.http, room, last_id=last_id) as stream:
            assert (await stream.opening())["recovered"] is False
            assert seqs(await stream.events(3)) == [1, 2, 3]


@pytest.mark.parametrize(
    "last_id", ["x", "-1", "x-", "x-1 2", "x-1.0", "x-+1", "x-1e3", "x" * 65 + "-1", f"x-{2**53 + 1}"]
)
async def test_a_last_event_id_that_is_none_is_refused(server: ServerProcess, last_id: str) -> None:
    document = problem(await refusal(server.http, "hall", last_id=last_id), 422, "INVALID_REQUEST")
    assert [each["path"] for each in document["details"]] == ["Last-Event-ID"]


async def test_names_that_the_room_does_not_have_are_refused(server: ServerProcess) -> None:
    problem(await refusal(server.http, "small", event=["message", "note"]), 422, "EVENT_NOT_ALLOWED")
    problem(await refusal(server.http, "small", event=""), 422, "INVALID_REQUEST")
    problem(await refusal(server.http, "small", event="x" * 101), 422, "INVALID_REQUEST")


async def test_a_room_that_is_not_there_is_404_and_nobody_is_401(server: ServerProcess) -> None:
    problem(await refusal(server.http, "nowhere"), 404, "ROOM_NOT_FOUND")
    problem(await refusal(server.http, "hall", None), 401, "UNAUTHENTICATED")
    async with streaming(server.http, "hall", None, userId="ada") as stream:
        await stream.opening()


async def test_a_stream_takes_a_place_in_the_room_until_its_client_goes(server: ServerProcess, ada: WireClient) -> None:
    room = f"narrow-{next(NUMBERS)}"
    await ada.ask("createRoom", room={"id": room, "name": "Narrow", "maxSize": 2})
    await ada.join(room)
    async with streaming(server.http, room) as stream:
        await stream.opening()
        problem(await refusal(server.http, room), 409, "ROOM_FULL")
        assert (await ada.refused("join", roomId="nowhere"))["code"] == "ROOM_NOT_FOUND"
    await until_members(server, room, 1)
    async with streaming(server.http, room) as stream:
        await stream.opening()
    await until_members(server, room, 1)
    await ada.ask("deleteRoom", roomId=room)


async def test_a_stream_that_is_asked_for_with_a_body_is_served(server: ServerProcess) -> None:
    """Nobody reads the body, and it ends nothing."""
    async with (
        httpx.AsyncClient(base_url=server.http, trust_env=False, timeout=DEADLINE_S) as http,
        http.stream("GET", "/rooms/hall/stream?userId=ada", content=b"x" * 30_000) as response,
    ):
        assert (await EventSource(response).opening())["roomId"] == "hall"


async def test_openapi_describes_the_stream(server: ServerProcess) -> None:
    async with httpx.AsyncClient(base_url=server.http, trust_env=False) as http:
        document = json.loads((await http.get("/schema/openapi.json")).text)
    operation = document["paths"]["/rooms/{room_id}/stream"]["get"]
    assert list(operation["responses"]["200"]["content"]) == ["text/event-stream"]
    assert {"401", "404", "409", "422", "503"} <= operation["responses"].keys()
    described = {each["name"]: each["description"] for each in operation["parameters"]}
    assert described.keys() == {"room_id", "X-User-Id", "event", "userId", "token", "Last-Event-ID"}
    assert all(described.values())
