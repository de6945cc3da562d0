"""An application of one's own: ten lines in a file, run from its folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..support.server_process import DIALOGUE, ServerProcess
from ..support.wire_client import connected, texts
from .command import Here, dialogue

TEN_LINES = """
from typing import Annotated
from pydantic import BaseModel, StringConstraints
from dialogue import History, Hooks, RoomConfig, create_dialogue, define_event

class ChatMessage(BaseModel):
    text: Annotated[str, StringConstraints(min_length=1, max_length=2000)]
    username: str

message = define_event("message", schema=ChatMessage, history=History(limit=100))

dialogue = create_dialogue(
    port=3000,
    rooms={"general": RoomConfig(name="General Chat", events=[message], sync_history_on_join=50)},
    hooks=Hooks(on_connected=lambda client: client.join("general")),
)
"""

PREFIX = "from dialogue import *\nmessage = define_event('message')\n"


async def test_ten_lines_in_a_file_serve(tmp_path: Path) -> None:
    (tmp_path / "chat.py").write_text(TEN_LINES)
    server = ServerProcess(tmp_path, [*DIALOGUE, "chat:dialogue", "--port", "{port}"])
    try:
        server.start()
        async with connected(server.ws, "ada") as client:
            joined = await client.pushed("joined")
            assert (joined["roomId"], joined["roomName"]) == ("general", "General Chat")
            await client.trigger("general", data={"text": "hi", "username": "ada"})
            assert texts(await client.events(1)) == ["hi"]
            error = await client.refused("createRoom", room={"id": "x", "name": "x"})
            assert error["code"] == "FORBIDDEN"  # it lets nobody make rooms
        assert (tmp_path / "dialogue.db").exists()
        assert server.stop() == 0
        assert server.faults == []
    finally:
        server.kill()


MISTAKES = {
    "two events of one name": (
        "rooms={'general': RoomConfig(name='G', events=[message, define_event('message')])}",
        "Room 'general': two events are named 'message'",
    ),
    "an unknown subscription": (
        "rooms={'general': RoomConfig(name='G', events=[message], default_subscriptions=['mesage'])}",
        "Room 'general': default_subscriptions names 'mesage'",
    ),
    "a negative limit": (
        "rooms={'general': RoomConfig(name='G', events=[define_event('m', history=History(limit=-1))])}",
        "limit=-1",
    ),
    "a reserved name": (
        "rooms={'general': RoomConfig(name='G', events=[define_event('dialogue.x')])}",
        "'dialogue.x'",
    ),
    "a schema that is none": (
        "rooms={'general': RoomConfig(name='G', events=[define_event('m', schema=7)])}",
        "The event 'm': pydantic cannot use its schema",
    ),
    "an event that is a text": (
        "rooms={'general': RoomConfig(name='G', events=['message'])}",
        "Room 'general': events must be made by define_event, not 'message'",
    ),
    "a room that is a dict": ("rooms={'general': {'name': 'G'}}", "Room 'general' must be a RoomConfig"),
    "a room without a size": (
        "rooms={'general': RoomConfig(name='G', events=[], max_size=0)}",
        "Room 'general': max_size",
    ),
    "a sync that is none": (
        "rooms={'general': RoomConfig(name='G', events=[], sync_history_on_join=-1)}",
        "Room 'general': sync_history_on_join",
    ),
    "a room id that is none": ("rooms={' x': RoomConfig(name='G', events=[])}", "The room id ' x'"),
    "a name that is none": ("rooms={'x': RoomConfig(name='', events=[])}", "Room 'x': name"),
    "a setting that is none": ("rooms={}, settings={'prot': 1}", "There is no setting 'prot'"),
    "a port that is none": ("rooms={}, port=-1", "port: "),
    "two runtime events of one name": (
        "rooms={}, runtime_rooms=RuntimeRooms(events=[message, message])",
        "two events are named 'message'",
    ),
}


@pytest.mark.parametrize(("arguments", "said"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_refused_at_start_with_a_line_that_names_it(here: Here, arguments: str, said: str) -> None:
    name = f"app_{abs(hash(arguments))}"
    (here.folder / f"{name}.py").write_text(f"{PREFIX}dialogue = create_dialogue({arguments})\n")
    assert said in here.run("serve", f"{name}:dialogue", "--port", "0").complaint


def test_a_handler_of_an_event_that_the_room_has_not_is_refused(here: Here) -> None:
    room = "rooms={'general': RoomConfig(name='G', events=[message])}"
    code = f"{PREFIX}dialogue = create_dialogue({room})\ndialogue.on('general', 'mesage', print)\n"
    (here.folder / "app_with_handler.py").write_text(code)
    assert "'mesage'" in here.run("serve", "app_with_handler:dialogue", "--port", "0").complaint


BROKEN = {
    "an import": ("import nothing_of_this_name\n", "ModuleNotFoundError: No module named 'nothing_of_this_name'"),
    "a name": ("def make():\n    return nonsense\n\ndialogue = make()\n", "NameError: name 'nonsense' is not defined"),
    "a factory": ("def dialogue():\n    return {}['room']\n", "KeyError: 'room'"),
    "a factory's import": (
        "def dialogue():\n    import nothing_of_this_name\n",
        "ModuleNotFoundError: No module named 'nothing_of_this_name'",
    ),
    "no Python": ("dialogue = (\n", "SyntaxError: '(' was never closed"),
}


@pytest.mark.parametrize(("code", "said"), BROKEN.values(), ids=BROKEN.keys())
def test_what_the_module_itself_raises_is_shown_from_its_own_first_line_on(
    tmp_path: Path, code: str, said: str
) -> None:
    (tmp_path / "chat.py").write_text(code)
    ended = dialogue(tmp_path, "serve", "chat:dialogue")
    assert ended.code == 1
    lines = ended.errors.splitlines()
    assert lines[-1] == said
    files = [line for line in lines if line.startswith("  File ")]
    assert files
    assert all('chat.py", line ' in line for line in files)
