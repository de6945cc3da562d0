"""The log: whose doing a line is, what is never in it, and that nobody outside can write one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from ..support.patience import wait_until
from ..support.server_process import DIALOGUE, ServerProcess
from ..support.wire_client import WireClient, connected

PATIENCE_S = 60.0
SECRET, PAYLOAD = "a-token-of-somebody", "what-somebody-says"
FORGED = '\n{"event": "forged", "level": "critical"}\r\x1b[31m\u2028forged \u202e'
APP = """
from dialogue import History, RoomConfig, create_dialogue, define_event

note = define_event("note", history=History(limit=5))
dialogue = create_dialogue(rooms={"room": RoomConfig(name="Room", events=[note])}, database="memory://")

async def fails(event):
    raise RuntimeError(event.data)

dialogue.on("room", note, fails)
"""


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[ServerProcess]:
    (folder / "noisy.py").write_text(APP, encoding="utf-8")
    server = ServerProcess(folder, [*DIALOGUE, "noisy:dialogue", "--port", "{port}", *options])
    try:
        yield server.start()
    finally:
        server.kill()


def lines(server: ServerProcess) -> list[dict[str, Any]]:
    """The log, but for what the start says to people."""
    return [json.loads(line) for line in server.log.splitlines() if line.startswith("{")]


def line(server: ServerProcess, is_it: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The first line that is so, once it is there."""
    wait_until(lambda: any(map(is_it, lines(server))), PATIENCE_S, "there is no such line")
    return next(filter(is_it, lines(server)))


async def refused_join(ada: WireClient) -> int:
    request = await ada.send("join", roomId="nowhere")
    assert (await ada.answer(request))["type"] == "error"
    return request


async def test_a_line_says_whose_request_it_belongs_to(tmp_path: Path) -> None:
    with serving(tmp_path, "--log-level", "debug") as server:
        async with connected(server.ws, "ada") as ada:
            request = await refused_join(ada)
            found = line(server, lambda each: each["event"] == "refused with ROOM_NOT_FOUND")
            assert (found["user"], found["request"], found["request_id"]) == ("ada", "Join", request)
            assert (found["room"], found["level"], found["logger"]) == ("nowhere", "debug", "dialogue.session")
            assert len(found["session"]) > 8
            await ada.join("room")
            await ada.trigger("room", "note", "oh")
        found = line(server, lambda each: each["level"] == "error")
        assert (found["room"], found["event_name"], found["seq"]) == ("room", "note", 1)
        assert "RuntimeError: oh" in found["exception"]


@pytest.mark.parametrize("level", ["info", "debug"])
async def test_neither_payloads_nor_tokens_are_in_it(tmp_path: Path, level: str) -> None:
    quiet = APP.replace("raise RuntimeError(event.data)", "pass")
    with serving(tmp_path, "--log-level", level) as server:
        (tmp_path / "noisy.py").write_text(quiet, encoding="utf-8")
        assert server.stop() == 0
        server.start()
        async with connected(server.ws) as eve:
            await eve.refused("connect", auth={"token": SECRET})
            await eve.join("room")
            await eve.trigger("room", "note", {"text": PAYLOAD}, meta={"note": PAYLOAD})
            await eve.refused("trigger", roomId="room", event="unknown", data=PAYLOAD)
            await eve.send_text(f'{{"type": "{PAYLOAD}", "auth": "{SECRET}"}}')
            await eve.settle()
        headers = {"Authorization": f"Bearer {SECRET}", "X-User-Id": "eve"}
        async with httpx.AsyncClient(base_url=server.http, headers=headers, trust_env=False) as http:
            await http.get("/rooms/nowhere", params={"token": SECRET})
            await http.head("/rooms/room/stream", params={"token": SECRET})
            answer = await http.post("/rooms/room/events", json={"event": "note", "data": PAYLOAD})
            assert answer.status_code == 201
        assert server.stop() == 0
        assert SECRET not in server.log
        assert PAYLOAD not in server.log


@pytest.mark.parametrize("form", ["console", "json"])
async def test_what_somebody_sends_makes_no_line_of_its_own(tmp_path: Path, form: str) -> None:
    with serving(tmp_path, "--log-level", "debug", "--log-format", form) as server:
        async with connected(server.ws, "ada") as ada:
            await ada.join("room")
            await ada.trigger("room", "note", f"oh{FORGED}")
            await ada.refused("join", roomId=f"x{FORGED}")
            await ada.send_text(json.dumps({"type": "join", "id": "oh\x1b[2J", "roomId": "nowhere"}))
            assert (await ada.answer("oh\x1b[2J"))["type"] == "error"
        wait_until(lambda: "RuntimeError: oh" in server.log, PATIENCE_S, "nothing is said of the failure")
        log = server.log
        assert "forged" in log
        assert not set("\x1b\r\u2028\u202e") & set(log)
        assert not [each for each in log.splitlines() if each.startswith(("forged", '{"event": "forged"'))]
        if form == "console":
            with pytest.raises(json.JSONDecodeError):
                json.loads(next(each for each in log.splitlines() if "refused with" in each))
