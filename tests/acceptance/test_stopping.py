"""However a server ends, what it answered for is kept."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import suppress
from itertools import count

import httpx
import pytest
from anyio import create_task_group, to_thread
from websockets.exceptions import ConnectionClosed
from wsproto.events import CloseConnection

from ..support.raw_client import RawClient, raw
from ..support.server_process import ServerProcess
from ..support.wire_client import Message, WireClient, connected, opened, seqs, texts

NewServer = Callable[..., ServerProcess]
GOING_AWAY = (1001, "the server is going down")


async def flood(client: WireClient, sent: dict[int, str]) -> None:
    """Publish, up to 50 in flight, until the server closes; `sent` says what each request wanted to publish."""
    with suppress(ConnectionClosed):
        for number in count(1):
            request = await client.send("trigger", roomId="hall", event="message", data={"text": str(number)})
            sent[request] = str(number)
            if number > 50:
                await client.answer(request - 50)


def answered(client: WireClient, sent: dict[int, str]) -> dict[int, str]:
    """The places that were answered for, and what should stand there."""
    frames = [frame for frame in client.frames if frame.get("id") in sent]
    refused = [frame["code"] for frame in frames if frame["type"] == "error"]
    assert set(refused) <= {"UNAVAILABLE"}
    return {frame["seq"]: sent[frame["id"]] for frame in frames if frame["type"] == "triggered"}


def live(client: WireClient) -> list[Message]:
    """All events that came live."""
    return [event for frame in client.frames if frame["type"] == "events" for event in frame["events"]]


async def all_events(url: str, room: str) -> list[Message]:
    """The whole history, oldest first, read as a new client does: the sync, and pages from there on."""
    async with connected(url) as client:
        joined = await client.join(room)
        events, has_more = joined["history"], joined["hasMore"]
        while has_more:
            page = await client.page(room, before=events[-1]["seq"], limit=1_000)
            events += page["events"]
            has_more = page["hasMore"]
    assert seqs(events) == list(range(len(events), 0, -1))
    return list(reversed(events))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_asked_to_stop_it_answers_closes_with_1001_and_keeps_all(
    new_server: NewServer, number: signal.Signals
) -> None:
    """Answers in flight arrive, then comes 1001 and exit code 0; what was answered is there after the next start."""
    server = new_server()
    sent: dict[int, str] = {}
    async with connected(server.ws) as ada, connected(server.ws) as bob, opened(server.ws) as silent:
        await ada.join("hall", events=["typing"])
        await bob.join("hall")
        async with create_task_group() as tasks:
            tasks.start_soon(flood, ada, sent)
            await bob.events(200)
            server.send_signal(number)
            for client in (bob, silent):
                assert await client.closed() == GOING_AWAY
        assert await ada.closed() == GOING_AWAY
    assert await to_thread.run_sync(server.exit_code) == 0
    assert server.faults == []
    await to_thread.run_sync(server.start)
    kept = await all_events(server.ws, "hall")
    assert live(bob) == kept
    assert answered(ada, sent) == {event["seq"]: event["data"]["text"] for event in kept}
    assert texts(kept) == [str(number) for number in range(1, len(kept) + 1)]


async def test_killed_after_answered_publishes_all_are_there_in_order(new_server: NewServer) -> None:
    """After kill -9 and a restart, also in the join's sync, which a fresh server reads from its archive."""
    server = new_server()
    sent: dict[int, str] = {}
    async with connected(server.ws) as ada, connected(server.ws) as bob:
        await ada.join("hall", events=["typing"])
        position = (await bob.join("hall"))["position"]
        async with create_task_group() as tasks:
            tasks.start_soon(flood, ada, sent)
            await bob.events(500)
            server.kill()
        await ada.closed()
        await bob.closed()
    await to_thread.run_sync(server.start)
    kept = await all_events(server.ws, "hall")
    assert len(live(bob)) >= 500
    assert live(bob) == kept[: len(live(bob))]  # nothing was broadcast before it was kept
    places = {event["seq"]: event["data"]["text"] for event in kept}
    assert answered(ada, sent).items() <= places.items()
    assert texts(kept) == [str(number) for number in range(1, len(kept) + 1)]
    async with connected(server.ws) as client:
        joined = await client.join("hall")
        assert joined["history"] == kept[:-5:-1]
        assert joined["position"] == {"epoch": position["epoch"], "seq": len(kept)}
        assert (await client.page("hall", event="message", start=1, end=21))["events"] == kept[-2:-22:-1]
        assert (await client.trigger("hall"))["seq"] == len(kept) + 1


async def test_rooms_made_at_run_time_come_back_and_deleted_ones_do_not(new_server: NewServer) -> None:
    server = new_server()
    room = {"id": "made", "name": "Made", "description": "d", "maxSize": 3}
    async with connected(server.ws, "ada") as ada:
        await ada.ask("createRoom", room={**room, "events": ["rare"]})
        await ada.ask("createRoom", room={"id": "gone", "name": "Gone"})
        await ada.join("made")
        await ada.trigger("made", "rare", 1)
        await ada.ask("deleteRoom", roomId="gone")
    server.kill()
    await to_thread.run_sync(server.start)
    async with connected(server.ws, "ada") as ada:
        rooms = {each["id"]: each for each in (await ada.ask("listRooms"))["rooms"]}
        assert rooms["made"] == {"size": 0, "users": 0, "createdById": "ada", **room}
        assert "gone" not in rooms
        joined = await ada.join("made")
        assert joined["events"] == ["rare"]
        assert seqs(joined["history"]) == [1]
        await ada.ask("deleteRoom", roomId="made")


@pytest.mark.parametrize("does_read", [True, False])
async def test_a_client_that_does_not_answer_its_close_delays_a_stop_by_seconds_at_most(
    new_server: NewServer, does_read: bool
) -> None:
    server = new_server(drain_timeout_s=1)
    async with httpx.AsyncClient(base_url=server.http, trust_env=False) as http:
        await http.get("/health/live")  # a connection that is kept alive, and idle
        with raw(server.port) as client:
            await to_thread.run_sync(stop_before, server, client, does_read)
    assert server.faults == []


def stop_before(server: ServerProcess, client: RawClient, does_read: bool) -> None:
    client.ask("connect")
    assert client.message()["type"] == "connected"
    server.send_signal(signal.SIGTERM)
    if does_read:
        closing = client.next()
        assert isinstance(closing, CloseConnection)
        assert (closing.code, closing.reason) == GOING_AWAY
    assert server.exit_code() == 0
