"""Between the server and a session stands no framework: its layers would be passed through for each message."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from anyio import Event as Signal
from anyio import fail_after

from dialogue import DialogueApp, RoomConfig, create_dialogue

pytestmark = pytest.mark.anyio

SCOPE: Any = {
    "type": "websocket",
    "path": "/ws",
    "raw_path": b"/ws",
    "root_path": "",
    "query_string": b"",
    "headers": [(b"host", b"localhost")],
    "subprotocols": [],
}


@pytest.fixture
def app() -> DialogueApp:
    """An app in memory."""
    return create_dialogue(database="memory://", rooms={"room": RoomConfig(name="Room", events=[])})


def callers() -> set[str]:
    """The packages through which this was called, up to the loop."""
    found, frame = set(), sys._getframe()
    while frame is not None:
        found.add(frame.f_globals["__name__"].partition(".")[0])
        frame = frame.f_back  # type: ignore[assignment]
    return found


async def passed_through(app: DialogueApp) -> set[str]:
    """The packages between a server and a session, for each message that comes and goes."""
    found: set[str] = set()
    answered = Signal()
    messages = [{"type": "websocket.connect"}] + [
        {"type": "websocket.receive", "text": json.dumps({"type": kind, "id": kind})} for kind in ("connect", "ping")
    ]

    async def receive() -> Any:
        if len(messages) < 3:  # the first is for the framework, which finds the endpoint
            found.update(callers())
        if messages:
            return messages.pop(0)
        await answered.wait()
        return {"type": "websocket.disconnect", "code": 1000}

    async def send(message: Any) -> None:
        if message["type"] == "websocket.send":
            found.update(callers())
            if "pong" in message["text"]:
                answered.set()

    async with app.lifespan():
        with fail_after(60):
            await app.asgi(dict(SCOPE), receive, send)
    return found


async def test_no_message_passes_through_the_framework(app: DialogueApp) -> None:
    found = await passed_through(app)
    assert "dialogue" in found
    assert "litestar" not in found
