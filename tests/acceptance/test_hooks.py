"""Hooks of a whole application, given one by one: who is asked, what they are told, and what mistakes are named."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from math import inf, nan
from typing import Any, cast

import httpx
import pytest

from dialogue import (
    ConfigurationError,
    DialogueApp,
    Event,
    History,
    Hooks,
    Identity,
    IncomingEvent,
    RoomConfig,
    RoomInfo,
    RuntimeRooms,
    create_dialogue,
    define_event,
)
from dialogue.domain.errors import Unauthenticated

pytestmark = pytest.mark.anyio

MESSAGE = define_event("message", history=History(limit=5))
TYPING = define_event("typing")


def app_with(hooks: Hooks | None = None, **settings: Any) -> DialogueApp:
    return create_dialogue(
        database="memory://",
        rooms={"hall": RoomConfig(name="Hall", events=[MESSAGE, TYPING])},
        runtime_rooms=RuntimeRooms(events=[MESSAGE]),
        hooks=hooks,
        settings=settings,
    )


async def call(app: DialogueApp, method: str, path: str, token: str = "ada", **more: Any) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app.asgi), base_url="http://127.0.0.1") as http:
        return await http.request(method, path, headers={"Authorization": f"Bearer {token}"}, **more)


async def test_events_are_told_once_kept_in_order_with_how_many_they_went_to() -> None:
    dialogue, told = app_with(), list[str]()

    @dialogue.on_triggered
    async def triggered(event: Event) -> None:
        told.append(f"{event.name} {event.seq}")

    @dialogue.after_each
    def after(event: Event, recipients: int) -> None:
        told.append(f"{event.name} {event.seq} to {recipients}")

    async with dialogue.lifespan():
        await dialogue.trigger("hall", MESSAGE, "hi", sender="ada")
        await dialogue.trigger("hall", TYPING, True, sender="ada")
        await dialogue.redact("hall", 1)
    assert [line for line in told if " to " not in line] == ["message 1", "typing None", "dialogue.redacted 2"]
    assert [line for line in told if " to " in line] == [
        "message 1 to 0",
        "typing None to 0",
        "dialogue.redacted 2 to 0",
    ]


async def test_rooms_made_and_deleted_are_told_in_order_also_by_hooks_that_fail() -> None:
    dialogue, told = app_with(), list[object]()

    @dialogue.on_room_created
    def created(room: RoomInfo) -> None:
        told.append(room.name)
        raise RuntimeError("it harms nobody")

    @dialogue.on_room_deleted
    async def deleted(room_id: str) -> None:
        told.append(room_id)

    async with dialogue.lifespan():
        for room_id in ("one", "two"):
            await dialogue.create_room(room_id, f"Room {room_id}", created_by_id="ada")
            await dialogue.delete_room(room_id)
    assert told == ["Room one", "one", "Room two", "two"]


class Doorman:
    def __init__(self, answers: Mapping[str, Any]) -> None:
        self._answers = answers

    async def __call__(self, auth: Mapping[str, Any], client_id: str | None) -> Any:
        assert client_id is None  # over HTTP there is no connection to name
        answer = self._answers[auth["token"]]
        if isinstance(answer, Exception):
            raise answer
        return answer


async def test_authenticate_says_who_is_asking() -> None:
    dialogue = app_with()
    answers: dict[str, Any] = {
        "a": "ada",
        "b": Identity(user_id="bob"),
        "c": None,
        "d": RuntimeError("secret"),
        "e": 5,
        "f": " ",
    }
    answers |= {"g": Identity(user_id="ada", expires_at_s=1.5), "h": Identity(user_id="ada", expires_at_s=nan)}
    answers["i"] = Identity(user_id="ada", expires_at_s=inf)
    answers["j"] = Unauthenticated(cast("str", 5))
    dialogue.authenticate(Doorman(answers))
    async with dialogue.lifespan():
        statuses = {token: (await call(dialogue, "GET", "/rooms", token)).status_code for token in answers}
        assert "".join(token for token, status in statuses.items() if status == 200) == "abi"
        assert "".join(token for token, status in statuses.items() if status == 401) == "cgj"
        assert "".join(token for token, status in statuses.items() if status == 503) == "defh"
        assert (await call(dialogue, "GET", "/rooms", "j")).json()["detail"] == "5"
        assert "secret" not in (await call(dialogue, "GET", "/rooms", "d")).text
        body = {"event": "message", "data": "hi"}
        kept = await call(dialogue, "POST", "/rooms/hall/events?userId=eve", "a", json=body)
        assert kept.json()["from"] == "ada"


async def test_authenticate_and_a_setting_that_says_the_same_are_refused() -> None:
    dialogue = app_with(Hooks(authenticate=lambda *_: "ada"), auth="trusting")
    with pytest.raises(ConfigurationError, match="leave one out"):
        async with dialogue.lifespan():
            pass


async def test_publishing_over_http_goes_through_before_each_and_a_repeat_does_not() -> None:
    dialogue, asked = app_with(), list[str]()

    @dialogue.before_each
    def shout(event: IncomingEvent) -> IncomingEvent:
        asked.append(event.user.user_id)
        return event.replace(data=event.data.upper())

    async with dialogue.lifespan():
        for _ in range(2):
            body = {"event": "message", "data": "hi"}
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(dialogue.asgi), base_url="http://127.0.0.1"
            ) as http:
                headers = {"X-User-Id": "ada", "Idempotency-Key": "k"}
                answer = await http.post("/rooms/hall/events", headers=headers, json=body)
            assert (answer.json()["data"], answer.json()["seq"]) == ("HI", 1)
        assert asked == ["ada"]
        assert (await dialogue.trigger("hall", MESSAGE, "quiet", sender="ada")).data == "quiet"


def test_a_hook_comes_back_as_it_is_and_there_is_one_of_a_name() -> None:
    dialogue = app_with(Hooks(on_left=lambda *_: None))

    def joined(client: object, room_id: str) -> None:
        pass

    assert dialogue.on_joined(joined) is joined
    for again in (dialogue.on_joined, dialogue.on_left):
        with pytest.raises(ConfigurationError, match="has such a hook already"):
            again(joined)


@pytest.mark.parametrize("hook", [lambda: None, lambda _: None, "before", None, 5])
def test_what_cannot_be_called_like_that_is_refused(hook: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"before_join must be a function of \(user, room_id\)"):
        app_with().before_join(hook)


def test_partials_and_objects_are_functions_too() -> None:
    dialogue = app_with()
    dialogue.before_join(partial(lambda *_: None, 1))
    dialogue.authenticate(Doorman({}))


async def test_on_load_may_come_before_on_cleanup_but_not_alone() -> None:
    alone = app_with()
    alone.on_load(lambda *_: [])
    with pytest.raises(ConfigurationError, match="on_load needs on_cleanup"):
        async with alone.lifespan():
            pass


async def test_hooks_are_given_before_the_start() -> None:
    dialogue = app_with()
    async with dialogue.lifespan():
        with pytest.raises(ConfigurationError, match=r"on_joined\(\) must be called before the start"):
            dialogue.on_joined(lambda *_: None)


async def test_settings_take_away_what_needs_no_permission() -> None:
    dialogue = app_with(delete_rooms="permitted", redact_events="permitted")
    async with (
        dialogue.lifespan(),
        httpx.AsyncClient(transport=httpx.ASGITransport(dialogue.asgi), base_url="http://127.0.0.1") as http,
    ):
        headers = {"X-User-Id": "ada"}
        await http.post("/rooms/hall/events", headers=headers, json={"event": "message", "data": "hi"})
        assert (await http.delete("/rooms/hall/events/1", headers=headers)).json()["code"] == "FORBIDDEN"
        assert (await http.get("/rooms", headers=headers)).json()["mayCreate"] is True
    dialogue = app_with(create_rooms="permitted")
    async with (
        dialogue.lifespan(),
        httpx.AsyncClient(transport=httpx.ASGITransport(dialogue.asgi), base_url="http://127.0.0.1") as http,
    ):
        assert (await http.get("/rooms", headers={"X-User-Id": "ada"})).json()["mayCreate"] is False


async def test_what_an_event_is_for_and_whose_a_room_is_can_be_read() -> None:
    wave = define_event("wave", description="Says hello")
    dialogue = create_dialogue(
        database="memory://",
        rooms={"hall": RoomConfig(name="Hall", events=[wave], created_by_id="ada", max_size=3)},
    )
    async with (
        dialogue.lifespan(),
        httpx.AsyncClient(transport=httpx.ASGITransport(dialogue.asgi), base_url="http://127.0.0.1") as http,
    ):
        headers = {"X-User-Id": "eve"}
        definitions = (await http.get("/rooms/hall/definitions", headers=headers)).json()
        assert definitions["events"] == [{"name": "wave", "description": "Says hello", "hasHistory": False}]
        room = (await http.get("/rooms/hall", headers=headers)).json()
        assert (room["createdById"], room["maxSize"]) == ("ada", 3)
