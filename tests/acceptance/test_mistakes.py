"""A developer's mistakes are told where they are made, by an error that names them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import MappingProxyType
from typing import Any

import pytest
from pydantic import BaseModel

from dialogue import (
    ConfigurationError,
    DialogueApp,
    DialogueError,
    History,
    Hooks,
    RoomConfig,
    RuntimeRooms,
    create_dialogue,
    define_event,
)
from dialogue.domain.errors import InvalidEvent, InvalidRequest, RoomNotFound


class Say(BaseModel):
    """What somebody says."""

    text: str


class Shout(BaseModel):
    """What somebody says loudly."""

    text: str


message = define_event("message", schema=Say, history=History(limit=2))


def new_app(**given: Any) -> DialogueApp:
    """An application with one room."""
    rooms = {"general": RoomConfig(name="General", events=[message])}
    return create_dialogue(**{"rooms": rooms, "database": "memory://", **given})


def takes_nothing() -> None:
    """No handler, for it takes no event."""


def wants_more(event: object, more: object) -> None:
    """No handler, for nobody gives it more."""


ON: dict[str, tuple[Any, Any, Any, str]] = {
    "a mistyped room": (
        "genral",
        message,
        print,
        r"on\('genral', 'message', …\): there is no such room, only 'general'; .* on_runtime_rooms\(event, handler\)",
    ),
    "a room that is none": (5, message, print, r"on\(5, 'message', …\): there is no such room"),
    "a mistyped event": ("general", "mesage", print, r"on\('general', 'mesage', …\): the room has no such event"),
    "an event that is none": ("general", 5, print, r"on\('general', 5, …\): the event must be a definition"),
    "another definition of the name": (
        "general",
        define_event("message", schema=Shout),
        print,
        r"on\('general', 'message', …\): the room has another definition of that name",
    ),
    "a handler that is a text": (
        "general",
        message,
        "print",
        r"the handler must be a function of \(event\), not 'print'",
    ),
    "a handler that is None": ("general", message, None, r"the handler must be a function of \(event\), not None"),
    "a handler without arguments": ("general", message, takes_nothing, r"a function of \(event\), not of \(\)"),
    "a handler of too many": ("general", None, wants_more, r"missing a required argument: 'more'"),
}


@pytest.mark.parametrize(("room_id", "event", "handler", "said"), ON.values(), ids=ON.keys())
def test_on_refuses_what_would_never_be_called(room_id: Any, event: Any, handler: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        new_app().on(room_id, event, handler)


def test_a_listener_of_rooms_made_at_run_time_needs_that_they_can_be_made() -> None:
    with pytest.raises(ConfigurationError, match=r"on_runtime_rooms\('message', …\): no rooms can be made"):
        new_app().on_runtime_rooms(message, print)
    app = new_app(runtime_rooms=RuntimeRooms(events=[message]))
    with pytest.raises(ConfigurationError, match=r"on_runtime_rooms\('other', …\): the room has no such event"):
        app.on_runtime_rooms("other", print)


HOOKS: dict[str, tuple[dict[str, Any], str]] = {
    "on_connected": ({"on_connected": "x"}, r"Hooks: on_connected must be a function of \(client\), not 'x'"),
    "on_connected of nothing": (
        {"on_connected": takes_nothing},
        r"Hooks: on_connected must be a function of \(client\)",
    ),
    "on_cleanup": ({"on_cleanup": 5}, r"Hooks: on_cleanup must be a function of \(room_id, event_name, events\)"),
    "on_load": (
        {"on_cleanup": print, "on_load": wants_more},
        r"Hooks: on_load must be a function of \(room_id, event_name, start, end\), not of \(event.*more",
    ),
}


@pytest.mark.parametrize(("given", "said"), HOOKS.values(), ids=HOOKS.keys())
def test_hooks_that_could_not_be_called_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Hooks(**given)


ROOMS: dict[str, tuple[dict[str, Any], str]] = {
    "a list of rooms": (
        {"rooms": [RoomConfig(name="G", events=[])]},
        "rooms must be a mapping of room ids to RoomConfig",
    ),
    "None": ({"rooms": None}, "rooms must be a mapping"),
    "hooks": ({"hooks": print}, r"hooks must be Hooks\(…\), not <built-in function print>"),
    "runtime rooms": ({"runtime_rooms": [message]}, r"runtime_rooms must be RuntimeRooms\(…\)"),
    "settings": ({"settings": ["port"]}, "settings must be a mapping of names to values"),
    "a definition for a list": (
        {"rooms": {"r": RoomConfig(name="R", events=message)}},  # type: ignore[arg-type]
        "Room 'r': events must be a list of what define_event returns",
    ),
    "a name for a list": (
        {"rooms": {"r": RoomConfig(name="R", events=[message], default_subscriptions="message")}},
        "Room 'r': default_subscriptions must be a list of names, not 'message'",
    ),
    "a description": (
        {"rooms": {"r": RoomConfig(name="R", events=[message], description=5)}},  # type: ignore[arg-type]
        "Room 'r': description must be a text, not 5",
    ),
    "runtime events": (
        {"runtime_rooms": RuntimeRooms(events=message)},  # type: ignore[arg-type]
        "events must be a list of what define_event returns",
    ),
}


@pytest.mark.parametrize(("given", "said"), ROOMS.values(), ids=ROOMS.keys())
def test_create_dialogue_refuses_what_is_not_of_its_kind(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        new_app(**given)


@pytest.mark.parametrize("count", [-1, "5", True, 1.5])
def test_runtime_rooms_are_counted_in_integers(count: Any) -> None:
    with pytest.raises(ConfigurationError, match="max_rooms must be an integer from 0 on"):
        RuntimeRooms(events=[message], max_rooms=count)


def test_a_setting_that_does_not_exist_is_told_wherever_it_is_given() -> None:
    with pytest.raises(ConfigurationError, match="There is no setting 'prot'; there are: host, port"):
        new_app(settings={"prot": 1})
    with pytest.raises(ConfigurationError, match="There is no setting 'prot'; there are: host, port"):
        new_app().configure(prot=1)


Call = Callable[[DialogueApp], Awaitable[object]]
DATA = {"text": "hi"}


def triggering(**given: Any) -> Call:
    """`trigger`, with one argument that is wrong."""
    return lambda app: app.trigger(
        given.pop("room_id", "general"), given.pop("event", "message"), DATA, **{"sender": "ada", **given}
    )


CALLS: dict[str, tuple[type[DialogueError], Call, str]] = {
    "an empty sender": (InvalidRequest, triggering(sender=""), "sender: must have 1 to 255 characters, not 0"),
    "a long sender": (
        InvalidRequest,
        triggering(sender="x" * 5_000),
        "sender: must have 1 to 255 characters, not 5000",
    ),
    "a sender of two lines": (InvalidRequest, triggering(sender="a\nb"), "sender: must be printable"),
    "a sender that is none": (InvalidRequest, triggering(sender=5), "sender: must be a text"),
    "meta that is a text": (InvalidEvent, triggering(meta="text"), "meta: must be a mapping, not 'text'"),
    "meta that is a list": (InvalidEvent, triggering(meta=["text"]), "meta: must be a mapping"),
    "a key that is none": (InvalidRequest, triggering(key=5), "key: must be a text, not 5"),
    "an event that is none": (InvalidRequest, triggering(event=5), "event: must be a definition or its name, not 5"),
    "a room that is none": (InvalidRequest, triggering(room_id=["general"]), "room_id: must be a text"),
    "a room that is not there": (RoomNotFound, triggering(room_id="genral"), "There is no room 'genral'"),
    "a start that is a text": (
        InvalidRequest,
        lambda app: app.room("general").history(message, "0"),  # type: ignore[call-overload]
        "start: must be an integer, not '0'",
    ),
    "an end that is none": (
        InvalidRequest,
        lambda app: app.room("general").history(message, 0, None),  # type: ignore[call-overload]
        "end: must be an integer, not None",
    ),
    "a history of nothing": (
        InvalidRequest,
        lambda app: app.room("general").history(None),  # type: ignore[call-overload]
        "event: must be a definition or its name, not None",
    ),
    "a seq that is a text": (
        InvalidRequest,
        lambda app: app.redact("general", "1"),  # type: ignore[arg-type]
        "seq: must be an integer, not '1'",
    ),
    "nobody who redacts": (InvalidRequest, lambda app: app.redact("general", 1, by=""), "by: must have 1 to 255"),
    "nobody to erase": (InvalidRequest, lambda app: app.erase(""), "user_id: must have 1 to 255 characters"),
    "nobody who erases": (InvalidRequest, lambda app: app.erase("ada", by="a\tb"), "by: must be printable"),
    "a room without an id": (InvalidRequest, lambda app: app.create_room("", "New"), "room_id: must have 1 to 255"),
    "a room that URLs cannot name": (
        InvalidRequest,
        lambda app: app.create_room("..", "New"),
        r"room_id: must not be '\.'",
    ),
    "a room without a name": (InvalidRequest, lambda app: app.create_room("new", ""), "name: must have 1 to 255"),
    "a room described in no Unicode": (
        InvalidRequest,
        lambda app: app.create_room("new", "New", description="\ud800"),
        "description: must be Unicode",
    ),
    "a room of no size": (InvalidRequest, lambda app: app.create_room("new", "New", max_size=0), "max_size: .* not 0"),
    "a room of one name": (
        InvalidRequest,
        lambda app: app.create_room("new", "New", event_names="message"),
        "event_names: must be a list of names, not 'message'",
    ),
    "a room of nobody": (
        InvalidRequest,
        lambda app: app.create_room("new", "New", created_by_id=""),
        "created_by_id: must have 1 to 255",
    ),
    "a room that is none to delete": (
        InvalidRequest,
        lambda app: app.delete_room(None),  # type: ignore[arg-type]
        "room_id: must be a text, not None",
    ),
}


@pytest.mark.parametrize(("error", "call", "said"), CALLS.values(), ids=CALLS.keys())
async def test_a_call_names_the_argument_that_is_wrong(error: type[DialogueError], call: Call, said: str) -> None:
    app = new_app(runtime_rooms=RuntimeRooms(events=[message]))
    async with app.lifespan():
        with pytest.raises(error, match=said):
            await call(app)
        assert (await app.room("general").position()).seq == 0


async def test_any_mapping_is_data_and_meta() -> None:
    app = new_app()
    async with app.lifespan():
        event = await app.trigger(
            "general", message, MappingProxyType(DATA), sender="ada", meta=MappingProxyType({"tag": 1}), key="once"
        )
        assert (event.data, event.meta) == (Say(text="hi"), b'{"tag":1}')
