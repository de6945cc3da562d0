"""Rooms whose events nobody knows beforehand, on running servers: over every way in, a kill, and two nodes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio import fail_after, to_thread
from anyio.lowlevel import checkpoint
from pydantic import BaseModel

from dialogue import DialogueApp, Event, History, Hooks, RoomConfig, create_dialogue, define_event

from ..node.test_python_client import python_client
from ..support.event_source import streaming
from ..support.server_process import DIALOGUE, ServerProcess
from ..support.shared_postgresql import database_with_tables
from ..support.wire_client import WireClient, connected, error_paths, seqs

APP = """
from pydantic import BaseModel
from dialogue import History, RoomConfig, RuntimeRooms, create_dialogue, define_event

class Reading(BaseModel):
    value: float

reading = define_event("sensor.*", schema=Reading, history=History(limit=3))
signal = define_event("signal.*")
note = define_event("note", history=History(limit=3))
anything = define_event("*", history=History(limit=3))
dialogue = create_dialogue(
    rooms={
        "plant": RoomConfig(name="Plant", events=[note, reading, signal], sync_history_on_join=50, max_event_names=3),
        "open": RoomConfig(name="Open", events=[anything], sync_history_on_join=50),
    },
    runtime_rooms=RuntimeRooms(events=[note, reading]),
)
"""


def a_server(folder: Path, *options: str) -> ServerProcess:
    folder.mkdir()
    (folder / "plant.py").write_text(APP)
    return ServerProcess(folder, [*DIALOGUE, "plant:dialogue", "--port", "{port}", *options])


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server over a file."""
    server = a_server(tmp_path / "alone", "--database", "sqlite:///plant.db")
    try:
        yield server.start()
        assert server.stop() == 0
        assert server.faults == []
    finally:
        server.kill()


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[list[ServerProcess]]:
    """Two nodes over a PostgreSQL."""
    with ExitStack() as stack:
        url = stack.enter_context(database_with_tables())
        started = []
        for name in ("one", "two"):
            node = a_server(tmp_path / name, "--database", url, "--bus", "postgres", "--node-id", name)
            stack.callback(node.kill)
            started.append(node.start())
        yield started


async def measure(client: WireClient, *names: str, room: str = "plant") -> list[int]:
    return [(await client.trigger(room, name, {"value": 1}))["seq"] for name in names]


def named(events: list[Any]) -> list[str]:
    return [event["event"] for event in events]


async def test_every_way_in_takes_any_name_that_the_patterns_allow_and_a_kill_loses_none(alone: ServerProcess) -> None:
    async with connected(alone.ws, "ada") as ada, streaming(alone.http, "plant") as stream:
        joined = await ada.join("plant")
        assert joined["events"] == (await stream.opening())["events"] == ["note", "sensor.*", "signal.*"]
        assert await measure(ada, "sensor.hall", "note", "sensor.hall") == [1, 2, 3]
        async with httpx.AsyncClient(base_url=alone.http, params={"userId": "bob"}) as http:
            posted = await http.post("/rooms/plant/events", json={"event": "sensor.roof", "data": {"value": 2}})
        assert (posted.status_code, posted.json()["event"]) == (201, "sensor.roof")
        await ada.trigger("plant", "signal.alarm", {"value": 3})
        wanted = ["sensor.hall", "note", "sensor.hall", "sensor.roof", "signal.alarm"]
        assert named(await ada.events(5)) == named(await stream.events(5)) == wanted
        refused = await ada.refused("trigger", roomId="plant", event="sensor.roof", data={"value": "warm"})
        assert (refused["code"], error_paths(refused)) == ("INVALID_EVENT", ["data.value"])
        for name in ("door", "sensor.*", "sensor.x ", "dialogue.x"):
            assert (await ada.refused("trigger", roomId="plant", event=name, data={}))["code"] == "EVENT_NOT_ALLOWED"
        refused = await ada.refused("trigger", roomId="plant", event="sensor.cellar", data={"value": 1})
        assert refused["code"] == "EVENT_NOT_ALLOWED"
        assert refused["details"]["maxEventNames"] == 3
    await to_thread.run_sync(alone.kill)
    await to_thread.run_sync(alone.start)
    async with connected(alone.ws, "ada") as ada:
        back = await ada.join("plant", since={**joined["position"], "seq": 1})
        assert (back["recovered"], seqs(back["history"])) == (True, [4, 3, 2])
        assert seqs((await ada.page("plant", event="sensor.hall", start=0, end=5))["events"]) == [3, 1]
        assert (await ada.page("plant", event="sensor.attic"))["events"] == []
        assert named((await ada.page("plant", before=4, limit=2))["events"]) == ["sensor.hall", "note"]
        async with httpx.AsyncClient(base_url=alone.http, params={"userId": "bob", "event": "sensor.roof"}) as http:
            assert seqs((await http.get("/rooms/plant/events")).json()["events"]) == [4]


async def test_subscriptions_are_names_and_patterns(alone: ServerProcess) -> None:
    async with connected(alone.ws, "ada") as ada, connected(alone.ws, "bob") as bob:
        await ada.join("plant", events=["sensor.hall"])
        await bob.join("plant")
        await measure(bob, "sensor.hall", "sensor.roof", "note")
        assert named(await ada.events(1)) == ["sensor.hall"]
        answer = await ada.ask("subscribe", roomId="plant", events=["sensor.*"])
        assert answer["events"] == ["sensor.*", "sensor.hall"]
        await measure(bob, "sensor.roof", "note")
        refused = await ada.refused("unsubscribe", roomId="plant", events=["sensor.roof"])
        assert (refused["code"], error_paths(refused)) == ("INVALID_REQUEST", ["events"])
        assert (await ada.ask("unsubscribe", roomId="plant", events=["sensor.*"]))["events"] == []
        await measure(bob, "sensor.roof")
        assert (await ada.ask("subscribe", roomId="plant", events=["*"]))["events"] == ["note", "sensor.*", "signal.*"]
        await measure(bob, "sensor.roof")
        assert seqs(await ada.events(2)) == [4, 7]
        await ada.join("open")
        assert await measure(ada, "Any name in any words!", "東京", room="open") == [1, 2]
        refused = await ada.refused("join", roomId="plant", events=[f"sensor.{number}" for number in range(4)])
        assert (refused["code"], error_paths(refused)) == ("INVALID_REQUEST", ["events"])


async def test_the_ancestors_clients_publish_and_choose_any_name(alone: ServerProcess) -> None:
    """It has one name a request, and `*` for all."""
    async with connected(alone.ws, "ada") as ada, python_client(alone.http, "bob", ["websocket"]) as bob:
        await ada.join("open")
        await bob.client.emit("dialogue:join", {"roomId": "open"})
        await bob.until("joined")
        await bob.client.emit("dialogue:unsubscribe", {"roomId": "open", "eventName": "*"})
        await bob.client.emit("dialogue:subscribe", {"roomId": "open", "eventName": "news"})
        for number, name in enumerate(("weather", "news", "sport")):
            answer = await bob.client.call("dialogue:trigger", {"roomId": "open", "event": name, "data": number})
            assert answer["seq"] == number + 1
        assert named(await ada.events(3)) == ["weather", "news", "sport"]
        assert named(await bob.until("event")) == ["news"]
        page = {"roomId": "open", "eventName": "weather", "start": 0, "end": 5}
        await bob.client.emit("dialogue:getHistory", page)
        assert named((await bob.until("historyResponse"))[0]["events"]) == ["weather"]


async def test_what_one_node_learns_the_other_knows_and_a_kill_of_both_loses_none(nodes: list[ServerProcess]) -> None:
    one, two = nodes
    async with AsyncExitStack() as stack:
        ada = await stack.enter_async_context(connected(one.ws, "ada"))
        bob = await stack.enter_async_context(connected(two.ws, "bob"))
        for client in (ada, bob):
            joined = await client.join("plant")
        assert await measure(ada, "sensor.hall") == [1]
        assert await measure(bob, "sensor.roof", "sensor.hall") == [2, 3]
        await ada.trigger("plant", "signal.alarm", {"value": 3})
        for client in (ada, bob):
            heard = await client.events(4)
            assert named([event for event in heard if "seq" in event]) == ["sensor.hall", "sensor.roof", "sensor.hall"]
            assert "signal.alarm" in named(heard)
            assert seqs((await client.page("plant", event="sensor.hall"))["events"]) == [3, 1]
        assert await measure(ada, "sensor.cellar") == [4]
        refused = await bob.refused("trigger", roomId="plant", event="sensor.attic", data={"value": 1})
        assert refused["details"]["maxEventNames"] == 3
        await ada.ask("createRoom", room={"id": "lab", "name": "Lab", "events": ["sensor.*"]})
        await bob.join("lab")
        assert await measure(bob, "sensor.hall", room="lab") == [1]
    for node in nodes:
        await to_thread.run_sync(node.kill)
    await to_thread.run_sync(two.start)
    async with connected(two.ws, "bob") as bob:
        back = await bob.join("plant", since={**joined["position"], "seq": 1})
        assert (back["recovered"], seqs(back["history"])) == (True, [4, 3, 2])
        await bob.join("lab")
        assert seqs((await bob.page("lab", event="sensor.hall"))["events"]) == [1]


class Reading(BaseModel):
    value: float


reading = define_event("sensor.*", schema=Reading, history=History(limit=1))


def an_app(folder: Path, hooks: Hooks | None = None, **options: Any) -> DialogueApp:
    rooms = {"plant": RoomConfig(name="Plant", events=[reading, define_event("*", history=History(limit=1))])}
    return create_dialogue(database=f"sqlite:///{folder}/plant.db", rooms=rooms, hooks=hooks, **options)


async def test_handlers_and_hooks_are_told_by_name_and_by_pattern(tmp_path: Path) -> None:
    told: list[tuple[str, str, Any]] = []
    evicted: list[tuple[str, int]] = []

    def on_cleanup(room_id: str, event_name: str, events: list[Event]) -> None:
        evicted.extend((event_name, event.place) for event in events)

    def handler(kind: str) -> Any:
        return lambda event: told.append((kind, event.name, event.data))

    app = an_app(tmp_path, Hooks(on_cleanup=on_cleanup))
    app.on("plant", reading, handler("reading"))
    app.on("plant", "*", handler("others"))
    app.on("plant", reading.named("sensor.hall"), handler("hall"))
    async with app.lifespan():
        kept = await app.trigger("plant", reading.named("sensor.hall"), Reading(value=1), sender="ada")
        assert kept.data == Reading(value=1)
        await app.trigger("plant", "sensor.roof", {"value": 2}, sender="ada")
        await app.trigger("plant", "door", "open", sender="ada")
        await app.trigger("plant", "sensor.hall", {"value": 3}, sender="ada")
        assert [event.data.value for event in await app.room("plant").history(reading.named("sensor.hall"))] == [3, 1]
        with fail_after(60):
            while len(told) < 6 or not evicted:
                await checkpoint()
    hall = ("sensor.hall", Reading(value=1)), ("sensor.hall", Reading(value=3))
    assert [each[1:] for each in told if each[0] == "hall"] == [*hall]
    assert [each[1:] for each in told if each[0] == "reading"] == [hall[0], ("sensor.roof", Reading(value=2)), hall[1]]
    assert [each[1:] for each in told if each[0] == "others"] == [("door", "open")]
    assert evicted == [("sensor.hall", 1)]
