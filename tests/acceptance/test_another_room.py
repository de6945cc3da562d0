"""Another's room, over each way in: whoever may not, learns nothing and does nothing there.

Every HTTP route and every request of the WebSocket stands in a table here; one that is added and does not, fails.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from anyio import Event as Signal
from anyio import create_task_group, fail_after
from anyio.lowlevel import checkpoint

from dialogue import DialogueApp, History, Hooks, Identity, JoinDenied, RoomConfig, RuntimeRooms, create_dialogue, roles
from dialogue.adapters.memory.transport import MemoryTransport
from dialogue.adapters.socketio import packet_reader
from dialogue.adapters.wire import request_reader
from dialogue.adapters.wire.request_reader import RequestReader
from dialogue.application.ports.peer import UNKNOWN
from dialogue.application.sessions.frame import Closing
from dialogue.application.sessions.requests import Asked
from dialogue.domain.event_definition import define_event

pytestmark = pytest.mark.anyio

SECRET = "the password is 1234"
HIDDEN, CLOSED, DENIED, NOWHERE = "vault", "shop", "club", "nowhere"
"""Rooms that the stranger may not join, may join and do nothing in, and is kept out of by `before_join`,
and none."""

Said = Mapping[str, str]
"""What is answered for each of these rooms: a code, or OK."""

OK = "OK"
STRANGERS: Said = {HIDDEN: "ROOM_NOT_FOUND", NOWHERE: "ROOM_NOT_FOUND", CLOSED: "FORBIDDEN", DENIED: "JOIN_DENIED"}
SEEN: Said = {**STRANGERS, CLOSED: OK, DENIED: OK}
UNJOINED: Said = dict.fromkeys(STRANGERS, "NOT_JOINED")
FORBIDDEN: Said = dict.fromkeys(STRANGERS, "FORBIDDEN")
DELETING: Said = {**STRANGERS, DENIED: "FORBIDDEN"}

ROUTES: dict[tuple[str, str], Said] = {
    ("GET", "/rooms/{room_id}"): SEEN,
    ("GET", "/rooms/{room_id}/definitions"): SEEN,
    ("GET", "/rooms/{room_id}/events"): STRANGERS,
    ("POST", "/rooms/{room_id}/events"): STRANGERS,
    ("DELETE", "/rooms/{room_id}/events/{seq}"): STRANGERS,
    ("DELETE", "/rooms/{room_id}/members/{user_id}"): DELETING,
    ("DELETE", "/users/{user_id}/connections"): FORBIDDEN,
    ("GET", "/rooms/{room_id}/stream"): STRANGERS,
    ("HEAD", "/rooms/{room_id}/stream"): STRANGERS,
}
REQUESTS: dict[str, tuple[Mapping[str, object], Said]] = {
    "join": ({}, STRANGERS),
    "leave": ({}, UNJOINED),
    "subscribe": ({"events": ["*"]}, UNJOINED),
    "unsubscribe": ({"events": ["*"]}, UNJOINED),
    "trigger": ({"event": "message", "data": "hi"}, UNJOINED),
    "triggerBatch": ({"events": [{"event": "message", "data": "hi"}]}, UNJOINED),
    "getHistory": ({}, UNJOINED),
    "markRead": ({"seq": 1}, UNJOINED),
    "listMembers": ({}, UNJOINED),
    "createRoom": ({"room": {"id": "…", "name": "Mine"}}, FORBIDDEN),
    "deleteRoom": ({}, DELETING),
}
OF_NO_ROOM = {"connect", "refresh", "ping", "listRooms"}
MEMBERS_WITHOUT_PERMISSION = {"subscribe", "trigger", "triggerBatch", "getHistory", "markRead", "listMembers"}

SOCKET_IO = {*REQUESTS, *OF_NO_ROOM, "subscribeAll"} - {"connect", "ping"}
"""Each is decoded into one of the requests above, and answered where these are."""


def keep_out(user: Identity, room_id: str) -> None:
    if room_id == DENIED and user.user_id != "ada":
        raise JoinDenied("members only")


def who(auth: Mapping[str, Any], client_id: str | None) -> Identity:
    return Identity(user_id=auth["token"], claims={"roles": "owner" if auth["token"] == "ada" else ""})


@pytest.fixture
async def app() -> AsyncIterator[DialogueApp]:
    message = define_event("message", history=History(limit=5))
    dialogue = create_dialogue(
        database="memory://",
        rooms={"hall": RoomConfig(name="Hall", events=[message])},
        runtime_rooms=RuntimeRooms(events=[message]),
        hooks=Hooks(
            authenticate=who,
            before_join=keep_out,
            authorize=roles({"owner": ["administer"], "*": {CLOSED: ["join"], DENIED: ["join", "read", "publish"]}}),
        ),
    )
    async with dialogue.lifespan():
        for room_id in (HIDDEN, CLOSED, DENIED):
            await dialogue.create_room(room_id, f"The {room_id} of {SECRET}", created_by_id="ada")
            await dialogue.trigger(room_id, message, SECRET, sender="ada")
        yield dialogue


class Stranger:
    """A client of the session layer, which is what every WebSocket and Socket.IO client becomes."""

    def __init__(self) -> None:
        self.transport = MemoryTransport()
        self.heard: list[dict[str, Any]] = []
        self._waiting: list[str] = []
        self._more = Signal()

    async def receive(self) -> Asked | Closing | None:
        while not self._waiting:
            self._more = Signal()
            await self._more.wait()
        return RequestReader().read(self._waiting.pop(0))

    async def ask(self, kind: str, **fields: object) -> dict[str, Any]:
        """The answer to that request."""
        number = len(self.heard) + 1_000
        self._waiting.append(json.dumps({"type": kind, "id": number, **fields}))
        self._more.set()
        with fail_after(30):
            while True:
                self.heard += [json.loads(frame.text) for frame in self.transport.read()]
                for each in self.heard:
                    if each.get("id") == number:
                        return each
                await checkpoint()

    @asynccontextmanager
    async def connected(self, app: DialogueApp) -> AsyncIterator[Stranger]:
        async with create_task_group() as tasks:
            codec = app.container.codec()
            tasks.start_soon(app.container.serve(), self.transport, codec, self.receive, UNKNOWN)
            assert (await self.ask("connect", auth={"token": "eve"}))["type"] == "connected"
            yield self
            tasks.cancel_scope.cancel()


def said(answer: Mapping[str, Any]) -> str:
    return str(answer["code"]) if answer["type"] == "error" else OK


async def ensure_untouched(app: DialogueApp) -> None:
    """Nothing was published, blanked or deleted in any of the rooms."""
    for room_id in (HIDDEN, CLOSED, DENIED):
        assert [event.data for event in await app.room(room_id).history("message")] == [SECRET]
        assert (await app.room(room_id).position()).seq == 1
        assert app.room(room_id).info.size == 0


def test_every_route_with_a_room_stands_in_the_table(app_routes: set[tuple[str, str]]) -> None:
    assert app_routes == ROUTES.keys()


@pytest.fixture
def app_routes() -> set[tuple[str, str]]:
    dialogue = create_dialogue(database="memory://", rooms={})
    routes: Any = dialogue.asgi
    return {
        (method, route.path_format)
        for route in routes.routes
        for method in getattr(route, "methods", ())
        if "{" in route.path_format and method != "OPTIONS"
    }


def test_every_request_stands_in_the_table() -> None:
    assert REQUESTS.keys() | OF_NO_ROOM == request_reader.REQUESTS.keys()
    names = {name.removeprefix("dialogue:") for name in packet_reader._MESSAGES}
    assert names == SOCKET_IO


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_a_stranger_gets_nothing_over_http(app: DialogueApp, method: str, path: str) -> None:
    texts: dict[str, str] = {}
    transport = httpx.ASGITransport(app.asgi)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        for room_id, code in ROUTES[method, path].items():
            url = path.format(room_id=room_id, seq=1, user_id="ada")
            body = {"event": "message", "data": "hi"} if method == "POST" else None
            with fail_after(30):
                answer = await http.request(method, url, headers={"Authorization": "Bearer eve"}, json=body)
            texts[room_id] = answer.text.replace(room_id, "…")
            if code == OK:
                assert answer.status_code == 200, answer.text
                continue
            assert answer.status_code == (404 if code == "ROOM_NOT_FOUND" else 403), answer.text
            assert SECRET not in answer.text
            if method != "HEAD":
                assert answer.json()["code"] == code
    assert texts[HIDDEN] == texts[NOWHERE]
    await ensure_untouched(app)


@pytest.mark.parametrize("kind", REQUESTS)
async def test_a_stranger_gets_nothing_over_a_socket(app: DialogueApp, kind: str) -> None:
    fields, codes = REQUESTS[kind]
    async with Stranger().connected(app) as stranger:
        answers = {}
        for room_id, code in codes.items():
            told = {"room": {"id": room_id, "name": "Mine"}} if kind == "createRoom" else {"roomId": room_id, **fields}
            answer = await stranger.ask(kind, **told)
            assert said(answer) == code, (room_id, answer)
            answers[room_id] = json.dumps({**answer, "id": 0}).replace(room_id, "…")
        assert answers[HIDDEN] == answers[NOWHERE]
        assert SECRET not in json.dumps(stranger.heard)
    await ensure_untouched(app)


@pytest.mark.parametrize("kind", REQUESTS)
async def test_a_member_without_permission_gets_no_more_than_its_way_out(app: DialogueApp, kind: str) -> None:
    """The application has put it into a room in which the rules let it do nothing."""
    fields, codes = REQUESTS[kind]
    async with Stranger().connected(app) as stranger:
        for session in app.container.hub().sessions():
            await app.container.join().put(session, CLOSED)
        told = {"room": {"id": CLOSED, "name": "Mine"}} if kind == "createRoom" else {"roomId": CLOSED, **fields}
        answer = await stranger.ask(kind, **told)
        expected = "FORBIDDEN" if kind in MEMBERS_WITHOUT_PERMISSION else codes[CLOSED]
        assert said(answer) == (OK if kind in ("leave", "unsubscribe") else expected), answer
        assert SECRET not in json.dumps([each for each in stranger.heard if each["type"] != "joined"])
    await ensure_untouched(app)


async def test_lists_and_notices_tell_of_no_room_that_may_not_be_joined(app: DialogueApp) -> None:
    async with Stranger().connected(app) as stranger:
        listed = await stranger.ask("listRooms")
        assert ([room["id"] for room in listed["rooms"]], listed["mayCreate"]) == ([DENIED, CLOSED], False)
        await app.create_room("vault-2", "Another vault")
        await app.delete_room("vault-2")
        await app.delete_room(DENIED)  # told behind the others, so that these would have been told by then
        with fail_after(30):
            while not any(each["type"] == "roomDeleted" for each in stranger.heard):
                await stranger.ask("ping")
        assert "vault" not in json.dumps(stranger.heard)
    transport = httpx.ASGITransport(app.asgi)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        answer = await http.get("/rooms", headers={"Authorization": "Bearer eve"})
    assert [room["id"] for room in answer.json()["rooms"]] == [CLOSED]
