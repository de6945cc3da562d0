"""The two longest promises of the docs, kept from end to end: the README's application, and the tutorial's page."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from websockets.sync.client import ClientConnection, connect

from .examples import ROOT, Example, examples
from .running import dialogue, environment, process
from .test_js_examples import files_of, site

ANSWER_S = 30.0
SERVE = dialogue("serve", "chat:dialogue", "--port", "0")
TUTORIAL = ROOT / "docs" / "tutorial" / "first-chat.md"


def test_a_client_chats_with_the_ten_line_application(tmp_path: Path) -> None:
    """It is put into the room by the hook, publishes, hears itself, and finds it again after a restart."""
    _application("chat.py", ROOT / "README.md").write_files(tmp_path)
    said = {"text": "Hello", "username": "Ada"}
    with process(SERVE, tmp_path) as served, connect(f"ws://{served.address}/ws") as socket:
        _ask(socket, type="connect", auth={"userId": "ada"})
        assert _await(socket, "joined")["roomName"] == "General Chat"
        _ask(socket, type="trigger", roomId="general", event="message", data=said)
        [event] = _await(socket, "events")["events"]
        assert (event["from"], event["data"], event["seq"]) == ("ada", said, 1)
        _ask(socket, type="trigger", roomId="general", event="message", data={"text": "", "username": "Ada"})
        assert _await(socket, "error")["details"][0]["path"] == "data.text"
    with process(SERVE, tmp_path) as served, connect(f"ws://{served.address}/ws") as socket:
        _ask(socket, type="connect", auth={"userId": "grace"})
        _await(socket, "joined")
        _ask(socket, type="join", roomId="general")
        assert _await(socket, "joined")["history"] == [event]


@pytest.mark.browser
def test_the_page_of_the_tutorial_scrolls_back_to_the_first_message(browser: Browser, tmp_path: Path) -> None:
    """Through the thousand messages of `fill.py`, each once and in order."""
    _application("fill.py", TUTORIAL).write_files(tmp_path)
    chain = tuple(found for found in examples("js") if found.page == TUTORIAL)
    subprocess.run([sys.executable, "fill.py"], cwd=tmp_path, env=environment(), check=True, capture_output=True)
    with (
        process(SERVE, tmp_path) as served,
        browser.new_context() as context,
        site(files_of(chain, served.address), tmp_path / "site") as origin,
    ):
        page = context.new_page()
        page.goto(origin)
        items = page.locator("#messages li")
        expect(items).to_have_count(50)
        for count in range(100, 1_001, 50):
            page.evaluate("document.querySelector('#messages').scrollTop = 0")
            expect(items).to_have_count(count)
        assert items.all_inner_texts() == [f"Robot: Message number {number}" for number in range(1, 1_001)]
        page.fill("#text", "And me")
        page.press("#text", "Enter")
        expect(items.last).to_have_text("Ada: And me")


def _application(name: str, page: Path) -> Example:
    return next(found for found in examples("python") if found.page == page and found.file == name)


def _ask(socket: ClientConnection, **request: object) -> None:
    socket.send(json.dumps(request))


def _await(socket: ClientConnection, kind: str) -> dict[str, Any]:
    while True:
        message: dict[str, Any] = json.loads(socket.recv(ANSWER_S))
        if message["type"] == kind:
            return message
