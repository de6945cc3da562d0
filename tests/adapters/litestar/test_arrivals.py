"""A request's deadline counts from its arrival, as the server says it, whatever stood before it."""

from __future__ import annotations

import json
from time import monotonic
from typing import Any

import pytest
from anyio import Event as Signal
from anyio import create_task_group, fail_after

from dialogue import History, RoomConfig, create_dialogue, define_event
from dialogue.application.deadline import deadline
from dialogue.application.ports.transport import ARRIVED_AT
from dialogue.application.sessions.answer_request import AnswerRequest

pytestmark = pytest.mark.anyio


async def test_requests_that_came_together_have_one_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    deadlines: list[float] = []
    answered = AnswerRequest.__call__

    async def noting(*arguments: Any) -> None:
        deadlines.append(deadline())
        await answered(*arguments)

    monkeypatch.setattr(AnswerRequest, "__call__", noting)
    dialogue = create_dialogue(
        database="memory://",
        rooms={"room": RoomConfig(name="Room", events=[define_event("note", history=History())])},
        settings={"request_timeout_s": 7},
    )
    came, done = monotonic() - 3, Signal()
    messages = [{"type": "websocket.connect"}] + [
        {"type": "websocket.receive", "text": json.dumps({"type": kind, "id": number}), ARRIVED_AT: came}
        for number, kind in enumerate(["connect", *["ping"] * 3])
    ]

    async def receive() -> Any:
        if messages:
            return messages.pop(0)
        await done.wait()
        return {"type": "websocket.disconnect", "code": 1000}

    async def send(message: Any) -> None:
        if '"id":3' in (message.get("text") or ""):
            done.set()

    async def serve() -> None:
        await dialogue.asgi(scope, receive, send)

    scope: Any = {
        "type": "websocket",
        "path": "/ws",
        "raw_path": b"/ws",
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
        "subprotocols": [],
        "client": ("127.0.0.1", 1),
        "state": {},
    }
    with fail_after(30):
        async with dialogue.lifespan(), create_task_group() as tasks:
            tasks.start_soon(serve)
            await done.wait()
    assert deadlines == [came + 7] * 3
