"""Tracing with OpenTelemetry: from a publish's request to its last hand-over, and nothing of it where nobody asks."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from anyio import Event, create_task_group, fail_after
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from dialogue import DialogueApp, History, RoomConfig, create_dialogue, define_event
from dialogue.entrypoints.server import serve

from ..support.server_process import DIALOGUE, ServerProcess, environment
from ..support.wire_client import DEADLINE_S, connected

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture(scope="module")
def exporter() -> InMemorySpanExporter:
    """What this process's own provider exports to: a program has one, and Dialogue takes it."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return exporter


@pytest.fixture
def spans(exporter: InMemorySpanExporter) -> Iterator[Callable[[], dict[str, list[ReadableSpan]]]]:
    """What has ended since the test began, by name."""
    exporter.clear()

    def ended() -> dict[str, list[ReadableSpan]]:
        found: dict[str, list[ReadableSpan]] = {}
        for each in exporter.get_finished_spans():
            found.setdefault(each.name, []).append(each)
        return found

    yield ended
    exporter.clear()


def app(*, tracing: bool) -> DialogueApp:
    note = define_event("note", history=History(limit=5))
    typing = define_event("typing")
    rooms = {name: RoomConfig(name=name, events=[note, typing]) for name in ("one", "two")}
    return create_dialogue(rooms=rooms, database="memory://", settings={"tracing": tracing})


@asynccontextmanager
async def serving(dialogue: DialogueApp) -> AsyncIterator[str]:
    """The address of the real server, in this process."""
    started = Event()
    listener = socket.create_server(("127.0.0.1", 0))
    async with create_task_group() as tasks:
        tasks.start_soon(serve, dialogue, listener, started.set)
        with fail_after(DEADLINE_S):
            await started.wait()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        tasks.cancel_scope.cancel()


def parent_of(each: ReadableSpan) -> int | None:
    return None if each.parent is None else each.parent.span_id


def place(each: ReadableSpan) -> int:
    context = each.get_span_context()
    assert context is not None
    return context.span_id


def linked(each: ReadableSpan) -> set[int]:
    return {link.context.span_id for link in each.links}


async def test_a_publish_is_traced_to_its_last_hand_over(spans: Callable[[], dict[str, list[ReadableSpan]]]) -> None:
    async with serving(app(tracing=True)) as address, connected(f"ws://{address}/ws", "ada") as ada:
        await ada.join("one")
        await ada.trigger("one", "note", {"secret": "payload"})
        await ada.events(1)
    found = spans()
    (publish,), (admit,), (journal,) = found["dialogue.publish"], found["dialogue.admit"], found["dialogue.journal"]
    (batch,), (commit,), (fan_out,) = found["dialogue.batch"], found["dialogue.commit"], found["dialogue.fan_out"]
    assert parent_of(publish) is None
    assert parent_of(admit) == parent_of(journal) == place(publish)
    assert parent_of(batch) is None
    assert linked(batch) == {place(journal)}
    assert linked(journal) == {place(batch)}
    assert parent_of(commit) == parent_of(fan_out) == place(batch)
    assert publish.attributes is not None
    assert dict(publish.attributes).keys() == {"dialogue.room", "dialogue.event", "dialogue.session", "dialogue.seq"}
    assert (publish.attributes["dialogue.room"], publish.attributes["dialogue.seq"]) == ("one", 1)
    assert (fan_out.end_time or 0) <= (publish.end_time or 0)
    assert "payload" not in "".join(each.to_json() for every in found.values() for each in every)


async def test_over_http_it_goes_on_with_the_callers_trace(spans: Callable[[], dict[str, list[ReadableSpan]]]) -> None:
    async with serving(app(tracing=True)) as address, httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(
            f"http://{address}/rooms/one/events",
            headers={"X-User-Id": "ada", "traceparent": f"00-{TRACE}-{PARENT}-01"},
            json={"event": "note", "data": 1},
        )
        assert answer.status_code == 201
        await http.get(f"http://{address}/rooms/one/events", headers={"X-User-Id": "ada"})
        for wrong in ("x", "00-0-0-00", "ff" * 40):
            headers = {"X-User-Id": "ada", "traceparent": wrong}
            answer = await http.post(f"http://{address}/rooms/nowhere/events", headers=headers, json={"event": "note"})
            assert answer.status_code == 422
    found = spans()
    served, *refused = found["HTTP POST"]
    assert served.context is not None
    assert served.context.trace_id == int(TRACE, 16)
    assert parent_of(served) == int(PARENT, 16)
    assert served.attributes is not None
    assert served.attributes["http.response.status_code"] == 201
    (publish,) = found["dialogue.publish"]
    assert parent_of(publish) == place(served)
    assert [parent_of(each) for each in refused] == [None] * 3
    assert "HTTP GET" not in found


async def test_a_batch_is_linked_with_all_requests_that_it_keeps(
    spans: Callable[[], dict[str, list[ReadableSpan]]],
) -> None:
    async with serving(app(tracing=True)) as address, connected(f"ws://{address}/ws", "ada") as ada:
        await ada.join("one")
        await ada.join("two")
        sent: Sequence[int] = [
            await ada.send("trigger", roomId=room, event="note", data=number)
            for number in range(10)
            for room in ("one", "two")
        ]
        assert {answer["type"] for answer in await ada.answers(sent)} == {"triggered"}
        batch_of_two = [{"event": "note", "data": 1}, {"event": "note", "data": 2}]
        await ada.ask("triggerBatch", roomId="one", events=batch_of_two)
        await ada.trigger("one", "typing", 1)
    found = spans()
    kept = [each for each in found["dialogue.journal"] if each.links]
    assert len(found["dialogue.journal"]) == 22
    assert len(kept) == 21  # what has no history is sent on, and in no batch
    links = [link for batch in found["dialogue.batch"] for link in linked(batch)]
    assert sorted(links) == sorted(map(place, kept))
    assert len(found["dialogue.publish"]) == 22


async def test_what_is_refused_has_its_code_and_not_its_text(
    spans: Callable[[], dict[str, list[ReadableSpan]]],
) -> None:
    async with serving(app(tracing=True)) as address, connected(f"ws://{address}/ws", "ada") as ada:
        await ada.join("one")
        await ada.refused("trigger", roomId="one", event="unknown", data=1)
    for publish in spans()["dialogue.publish"]:
        assert not publish.status.is_ok
        assert publish.attributes is not None
        assert publish.attributes["dialogue.code"] == publish.status.description == "EVENT_NOT_ALLOWED"


async def test_nothing_is_traced_where_nobody_asks(spans: Callable[[], dict[str, list[ReadableSpan]]]) -> None:
    async with serving(app(tracing=False)) as address, connected(f"ws://{address}/ws", "ada") as ada:
        await ada.join("one")
        await ada.trigger("one", "note", 1)
    assert spans() == {}


@pytest.mark.parametrize(("asked", "is_there"), [({}, False), ({"OTEL_TRACES_EXPORTER": "none"}, True)])
def test_it_is_imported_only_where_it_is_asked_for(asked: dict[str, str], is_there: bool, tmp_path: Path) -> None:
    """The client of Redis imports other parts of OpenTelemetry of its own accord, where they are installed."""
    code = (
        "import sys, anyio\nfrom dialogue import create_dialogue\n"
        "async def main():\n"
        "    app = create_dialogue(rooms={}, database='memory://')\n"
        "    app.asgi\n"
        "    async with app.lifespan(): pass\n"
        "anyio.run(main)\n"
        "ours = ('opentelemetry.sdk.trace', 'dialogue.adapters.tracing')\n"
        "print(any(name.startswith(ours) for name in sys.modules))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={**environment(), **asked},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert ended.stdout.strip() == str(is_there), ended.stderr


async def test_a_server_of_its_own_tells_what_the_environment_says(tmp_path: Path) -> None:
    asked = {"OTEL_TRACES_EXPORTER": "console", "OTEL_SERVICE_NAME": "our-chat", "DIALOGUE_DATABASE": "memory://"}
    server = ServerProcess(tmp_path, [*DIALOGUE, "--port", "{port}"], asked)
    try:
        server.start()
        async with connected(server.ws, "ada") as ada:
            await ada.join("general")
            await ada.trigger("general", "message", {"text": "hi", "username": "ada"})
        assert server.stop() == 0
    finally:
        server.kill()
    assert '"name": "dialogue.commit"' in server.log
    assert '"service.name": "our-chat"' in server.log


def test_an_exporter_that_is_none_is_told_at_the_start(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "dialogue", "serve", "--port", "0", "--tracing", "--database", "memory://"],
        env={**os.environ, "OTEL_TRACES_EXPORTER": "pigeon", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
        timeout=200,
    )
    assert ended.returncode == 1
    assert "OTEL_TRACES_EXPORTER must be otlp, console or none, not 'pigeon'" in ended.stderr
    assert json.dumps(ended.stderr).count("error:") == 1
