"""The real `socket.io-client`, each version over each of its ways: all that the ancestor's client says and hears."""

from __future__ import annotations

from typing import Any

import pytest

from ..support.server_process import ServerProcess
from ..support.wire_client import connected
from .conftest import NUMBERS
from .node_clients import VERSIONS, WAYS, NodeClient, NodeClients

pytestmark = pytest.mark.anyio


async def new_room(client: NodeClient, **fields: object) -> str:
    room_id = f"room-{next(NUMBERS)}"
    await client.emit("createRoom", id=room_id, name="A Room", **fields)
    assert (await client.told("roomCreated"))["id"] == room_id
    return room_id


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("version", VERSIONS)
async def test_every_version_talks_over_every_way(
    server: ServerProcess, clients: NodeClients, user: str, version: str, way: str
) -> None:
    ada = await clients.open(server.http, user, version=version, ways=WAYS[way])
    connect = await ada.happens("connect")
    assert connect["recovered"] is False
    if way == "upgraded":
        assert (await ada.happens("upgrade"))["way"] == "websocket"
    room_id = await new_room(ada)
    await ada.emit("join", roomId=room_id)
    assert await ada.told("joined") == {"roomId": room_id, "roomName": "A Room"}
    answer = await ada.trigger(room_id, "first")
    assert answer.keys() == {"roomId", "event", "timestamp", "seq"}
    assert answer["seq"] == 1
    event = await ada.told("event")
    assert {name: event[name] for name in ("event", "roomId", "data", "from", "seq")} == {
        "event": "message",
        "roomId": room_id,
        "data": {"text": "first", "username": "nobody"},
        "from": user,
        "seq": 1,
    }
    assert event["timestamp"] == answer["timestamp"]
    for number in range(40):
        await ada.emit("trigger", roomId=room_id, event="note", data={"number": number}, meta={"of": version})
    notes = await ada.events(40)
    assert [(note["data"]["number"], note["seq"], note["meta"]) for note in notes] == [
        (number, number + 2, {"of": version}) for number in range(40)
    ]
    await ada.emit("getHistory", roomId=room_id, eventName="note", start=10, end=15)
    page = await ada.told("historyResponse")
    assert {name: page[name] for name in ("roomId", "eventName", "start", "end")} == {
        "roomId": room_id,
        "eventName": "note",
        "start": 10,
        "end": 15,
    }
    assert [event["data"]["number"] for event in page["events"]] == [29, 28, 27, 26, 25]
    await ada.emit("leave", roomId=room_id)
    assert await ada.told("left") == {"roomId": room_id}
    await ada.emit("deleteRoom", roomId=room_id)
    assert await ada.told("roomDeleted") == {"roomId": room_id}


async def test_connected_says_who_one_is(server: ServerProcess, clients: NodeClients, user: str) -> None:
    ada = await clients.open(server.http, user, waits=False)
    connect, told = await ada.happens("connect"), await ada.told("connected")
    assert told == {"clientId": connect["id"], "userId": user}


async def test_a_client_that_says_no_name_is_called_by_its_own_id(server: ServerProcess, clients: NodeClients) -> None:
    nobody = await clients.open(server.http, "nobody", waits=False, auth={})
    told = await nobody.told("connected")
    assert told["userId"] == told["clientId"]


@pytest.mark.parametrize("way", WAYS)
async def test_a_connect_that_is_refused_says_why(server: ServerProcess, clients: NodeClients, way: str) -> None:
    nobody = await clients.open(server.http, "nobody", ways=WAYS[way], waits=False, auth={"userId": 7})
    error = await nobody.happens("connect_error")
    assert error["message"] == "Invalid request: auth.userId: must be a text" or "auth.userId" in error["message"]
    assert error["data"]["code"] == "INVALID_REQUEST"


async def test_history_comes_newest_first_where_the_room_syncs_and_has_any(
    server: ServerProcess, clients: NodeClients, user: str
) -> None:
    ada = await clients.open(server.http, user)
    await ada.join("unsynced")
    room_id = await new_room(ada)
    await ada.join(room_id)
    for text in ("one", "two", "three"):
        await ada.trigger(room_id, text)
    await ada.trigger("unsynced", "not told")
    bob = await clients.open(server.http, f"{user}-bob")
    await bob.emit("join", roomId="unsynced")
    await bob.emit("join", roomId=room_id)
    while (await bob.told("joined"))["roomId"] != room_id:
        pass
    history = await bob.told("history")
    assert history["roomId"] == room_id
    assert [event["data"]["text"] for event in history["events"]] == ["three", "two", "one"]
    assert [each["args"][0]["roomId"] for each in bob.heard if each.get("event") == "dialogue:history"] == [room_id]


async def test_who_joins_gets_all_events_where_the_room_has_no_default_subscriptions(
    server: ServerProcess, clients: NodeClients, user: str
) -> None:
    """In the ancestor it got none."""
    ada = await clients.open(server.http, user)
    room_id = await new_room(ada)
    await ada.join(room_id)
    await ada.trigger(room_id, "hi")
    await ada.emit("trigger", roomId=room_id, event="typing", data=None)
    assert [event["event"] for event in await ada.events(2)] == ["message", "typing"]


async def test_pages_are_acknowledged_to_whom_asked_for_them(
    server: ServerProcess, clients: NodeClients, user: str
) -> None:
    """In the ancestor two requests took each other's answers."""
    ada = await clients.open(server.http, user)
    room_id = await new_room(ada)
    await ada.join(room_id)
    for number in range(4):
        await ada.emit("trigger", roomId=room_id, event="note", data=number)
    await ada.events(4)
    pages = [
        await ada.call("getHistory", roomId=room_id, eventName="note", start=start, end=start + 2) for start in (0, 2)
    ]
    assert [[event["data"] for event in page["events"]] for page in pages] == [[3, 2], [1, 0]]
    assert [page["hasMore"] for page in pages] == [True, False]
    assert [each for each in ada.heard if each.get("event") == "dialogue:historyResponse"] == []


async def test_subscriptions_are_chosen_by_name(server: ServerProcess, clients: NodeClients, user: str) -> None:
    ada = await clients.open(server.http, user)
    room_id = await new_room(ada)
    await ada.join(room_id)
    await ada.emit("unsubscribe", roomId=room_id, eventName="note")
    await ada.call("trigger", roomId=room_id, event="note", data=1)
    await ada.trigger(room_id, "heard")
    await ada.emit("subscribe", roomId=room_id, eventName="note")
    await ada.call("trigger", roomId=room_id, event="note", data=2)
    await ada.emit("unsubscribe", roomId=room_id, eventName="message")
    await ada.emit("subscribeAll", roomId=room_id)
    await ada.trigger(room_id, "heard, too")
    assert [event["seq"] for event in await ada.events(3)] == [2, 3, 4]


async def test_rooms_are_listed_and_their_making_and_end_is_told_to_all(
    server: ServerProcess, clients: NodeClients, user: str
) -> None:
    ada, bob = await clients.open(server.http, user), await clients.open(server.http, f"{user}-bob")
    room_id = await new_room(ada, description="For two", maxSize=2)
    assert (await bob.told("roomCreated"))["id"] == room_id
    await bob.emit("listRooms")
    rooms = {room["id"]: room for room in await bob.told("rooms")}
    found = rooms[room_id]
    assert (found["name"], found["description"], found["size"], found["maxSize"], found["createdById"]) == (
        "A Room",
        "For two",
        0,
        2,
        user,
    )
    assert rooms["hall"]["name"] == "The Hall"
    await bob.join(room_id)
    await ada.emit("deleteRoom", roomId=room_id)
    assert await bob.told("left") == {"roomId": room_id, "reason": "the room was deleted"}
    assert await bob.told("roomDeleted") == {"roomId": room_id}


async def test_the_application_puts_a_client_into_a_room_when_it_comes(
    server: ServerProcess, clients: NodeClients, user: str
) -> None:
    """As the seed's own example does in `onConnected`."""
    hooked = await clients.open(server.http, f"hooked-{user}")
    assert await hooked.told("joined") == {"roomId": "hall", "roomName": "The Hall"}


ERRORS: dict[str, tuple[str, dict[str, Any], str]] = {
    "no such room": ("join", {"roomId": "nowhere"}, "ROOM_NOT_FOUND"),
    "a room of others": ("trigger", {"roomId": "hall", "event": "message", "data": {"text": "hi"}}, "NOT_JOINED"),
    "no such event": ("subscribe", {"roomId": "quiet", "eventName": "what"}, "EVENT_NOT_ALLOWED"),
    "a payload that is none": ("trigger", {"roomId": "quiet", "event": "message", "data": {}}, "INVALID_EVENT"),
    "a request without its fields": ("join", {}, "INVALID_REQUEST"),
    "a name that is no text": ("subscribe", {"roomId": "quiet", "eventName": 7}, "INVALID_REQUEST"),
    "a page that ends before it begins": (
        "getHistory",
        {"roomId": "quiet", "eventName": "message", "start": 5, "end": 5},
        "INVALID_REQUEST",
    ),
    "no such request": ("dance", {}, "INVALID_REQUEST"),
    "a room that stands in the code": ("deleteRoom", {"roomId": "quiet"}, "FORBIDDEN"),
}


@pytest.mark.parametrize("mistake", ERRORS)
async def test_a_mistake_is_answered_with_its_code_and_harms_nothing(
    server: ServerProcess, clients: NodeClients, user: str, mistake: str
) -> None:
    name, fields, code = ERRORS[mistake]
    ada = await clients.open(server.http, user)
    await ada.join("quiet")
    await ada.emit(name, **fields)
    error = await ada.told("error")
    assert error["code"] == code
    assert error["message"]
    acknowledged = await ada.call(name, **fields)
    assert acknowledged["error"]["code"] == code
    assert (await ada.trigger("quiet", "still here"))["roomId"] == "quiet"


async def test_a_full_room_is_refused(server: ServerProcess, clients: NodeClients, user: str) -> None:
    ada, bob = await clients.open(server.http, user), await clients.open(server.http, f"{user}-bob")
    room_id = await new_room(ada, maxSize=1)
    await ada.join(room_id)
    await bob.emit("join", roomId=room_id)
    assert (await bob.told("error"))["code"] == "ROOM_FULL"


async def test_binary_data_is_refused(server: ServerProcess, clients: NodeClients, user: str) -> None:
    for way in ("polling", "websocket"):
        ada = await clients.open(server.http, user, ways=WAYS[way])
        await ada.order("binary", event="dialogue:trigger", ack=99)
        error = await ada.told("error")
        assert error["code"] == "INVALID_REQUEST"
        assert "binary" in error["message"]
        assert (await ada.happens("ack"))["args"][0]["error"]["code"] == "INVALID_REQUEST"
        await ada.join("hall")
        assert [each for each in ada.heard if each.get("event") == "dialogue:error"][1:] == []


async def test_another_namespace_is_refused_and_the_own_one_goes_on(
    server: ServerProcess, clients: NodeClients, user: str
) -> None:
    ada = await clients.open(server.http, user)
    await ada.order("namespace", namespace="/admin")
    assert "namespace" in (await ada.happens("namespace refused"))["message"]
    await ada.join("hall")


async def test_who_says_goodbye_is_gone_at_once(server: ServerProcess, clients: NodeClients, user: str) -> None:
    for way in WAYS:
        ada, bob = await clients.open(server.http, user, ways=WAYS[way]), await clients.open(server.http, f"{user}-bob")
        room_id = await new_room(ada, maxSize=1)
        await ada.join(room_id)
        await ada.order("close")
        assert (await ada.happens("disconnect"))["reason"] == "io client disconnect"
        async with connected(server.ws, user) as wire:
            while (await wire.answer(await wire.send("join", roomId=room_id)))["type"] == "error":
                pass
        await bob.order("close")


@pytest.mark.parametrize("way", WAYS)
async def test_clients_of_both_protocols_see_the_same_events_in_the_same_order(
    server: ServerProcess, clients: NodeClients, user: str, way: str
) -> None:
    ada = await clients.open(server.http, user, ways=WAYS[way])
    room_id = await new_room(ada)
    await ada.join(room_id)
    async with connected(server.ws, f"{user}-wire") as wire:
        await wire.join(room_id)
        for number in range(50):
            await ada.emit("trigger", roomId=room_id, event="note", data={"by": "ada", "number": number})
            await wire.send("trigger", roomId=room_id, event="note", data={"by": "wire", "number": number})
        there = await wire.events(100)
    here = await ada.events(100)
    assert here == there
    assert [event["seq"] for event in here] == list(range(1, 101))
    assert {event["from"] for event in here} == {user, f"{user}-wire"}
