"""The chat runs from the wheel in an empty environment, far from the repository."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from anyio.abc import Process
from anyio.streams.text import TextReceiveStream
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

START_S = 200
ANSWER_S = 60


def plain_environment(home: Path) -> dict[str, str]:
    """What a stranger's shell has: nothing of this repository, of its environment or of Dialogue's settings."""
    return {"HOME": str(home), "PATH": os.defpath, "LC_ALL": "C.UTF-8"}


def says(python: Path, code: str, home: Path) -> str:
    """What `code` prints in the environment of the wheel, from elsewhere."""
    result = subprocess.run(
        [python, "-c", code],
        cwd=home,
        env=plain_environment(home),
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    return (result.stdout + result.stderr).strip()


@asynccontextmanager
async def serving(command: Path, home: Path) -> AsyncIterator[tuple[str, Process]]:
    """A server process of the bundled chat, and where it listens."""
    arguments = [str(command), "serve", "--port", "0", "--database", f"sqlite:///{home / 'chat.db'}"]
    async with await anyio.open_process(arguments, cwd=home, env=plain_environment(home)) as process:
        try:
            with anyio.fail_after(START_S):
                yield await _address(process), process
        finally:
            if process.returncode is None:
                process.kill()


async def _address(process: Process) -> str:
    assert process.stderr is not None
    said = ""
    async for text in TextReceiveStream(process.stderr):
        said += text
        found = re.search(r"http://127\.0\.0\.1:\d+", said)
        if found:
            return found[0]
    pytest.fail(f"The server ended, having said:\n{said}")


async def until_ready(http: httpx.AsyncClient) -> None:
    """Asks until the server can serve; the caller's deadline ends it."""
    while True:
        try:
            if (await http.get("/health/ready")).status_code == 200:
                return
        except httpx.TransportError:
            await anyio.lowlevel.checkpoint()


async def ask(socket: ClientConnection, kind: str, **fields: object) -> dict[str, Any]:
    """The answer to a request of that kind, past whatever the server pushes meanwhile."""
    await socket.send(json.dumps({"type": kind, "id": kind, **fields}))
    with anyio.fail_after(ANSWER_S):
        while True:
            answer: dict[str, Any] = json.loads(await socket.recv())
            if answer.get("id") == kind:
                return answer


def test_the_installed_package_is_the_one_that_is_imported(installed: Path, tmp_path: Path) -> None:
    where = Path(says(installed / "python", "import dialogue; print(dialogue.__file__)", tmp_path))
    assert where.is_relative_to(installed.parent)


@pytest.mark.parametrize("layer", ["domain", "application", "adapters", "entrypoints", "tests"])
def test_the_wheel_brings_no_module_of_a_common_name(layer: str, installed: Path, tmp_path: Path) -> None:
    assert f"No module named '{layer}'" in says(installed / "python", f"import {layer}", tmp_path)


async def test_the_chat_runs_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    async with (
        serving(installed / "dialogue", tmp_path) as (address, process),
        httpx.AsyncClient(base_url=address, trust_env=False, timeout=ANSWER_S) as http,
    ):
        await until_ready(http)

        async with connect(
            address.replace("http", "ws") + "/ws", subprotocols=[Subprotocol("dialogue.v1")], proxy=None
        ) as socket:
            connected = await ask(socket, "connect", auth={"userId": "ada"})
            assert (connected["type"], connected["userId"]) == ("connected", "ada")
            assert (await ask(socket, "join", roomId="general"))["type"] == "joined"
            data = {"text": "hi", "username": "Ada"}
            triggered = await ask(socket, "trigger", roomId="general", event="message", data=data)
            assert triggered["type"] == "triggered"

        page = (await http.get("/rooms/general/events", headers={"X-User-Id": "ada"})).raise_for_status().json()
        assert [(event["from"], event["seq"], event["data"]) for event in page["events"]] == [
            ("ada", triggered["seq"], data)
        ]
        assert "<html" in (await http.get("/")).raise_for_status().text
        assert "createDialogueClient" in (await http.get("/client.js")).raise_for_status().text

        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
