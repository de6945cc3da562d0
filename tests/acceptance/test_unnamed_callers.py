"""What callers without a name may ask for as often as they like: it is made once, whoever asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio import Event as Signal
from anyio import create_task_group, fail_after
from anyio.lowlevel import checkpoint
from sqlalchemy import Engine, event

from dialogue import DialogueApp, RoomConfig, create_dialogue
from dialogue.adapters.litestar import app as litestar_app
from dialogue.adapters.litestar import schema_documents
from dialogue.adapters.litestar.schema_documents import SchemaDocuments
from dialogue.adapters.memory.storage import MemoryStorage
from dialogue.adapters.memory.store import MemoryStore
from dialogue.adapters.sqlmodel.sqlite.storage import SqliteStorage
from dialogue.application.readiness import Readiness
from dialogue.domain.errors import Unavailable

from ..support.readiness import readiness_becomes

CALLERS = 100
DEADLINE_S = 60.0


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DialogueApp:
    """An app over SQLite that measures itself seldom."""
    monkeypatch.chdir(tmp_path)
    return create_dialogue(rooms={"hall": RoomConfig(name="Hall", events=[])}, settings={"ready_interval_s": 60})


@pytest.fixture
def commits() -> Iterator[list[None]]:
    """One item for each transaction that any database of this process commits."""
    counted: list[None] = []

    def count(_: Any) -> None:
        counted.append(None)

    event.listen(Engine, "commit", count)
    yield counted
    event.remove(Engine, "commit", count)


async def call(app: DialogueApp, path: str, amount: int = CALLERS) -> list[httpx.Response]:
    """The answers to so many calls at once."""
    answers: list[httpx.Response] = []

    async def one(http: httpx.AsyncClient) -> None:
        answers.append(await http.get(path))

    transport = httpx.ASGITransport(app.asgi)
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as http,
        create_task_group() as tasks,
    ):
        for _ in range(amount):
            tasks.start_soon(one, http)
    return answers


async def test_health_writes_nothing_for_whoever_asks(app: DialogueApp, commits: list[None]) -> None:
    async with app.lifespan():
        before = len(commits)
        for path in ("/health/ready", "/health/live"):
            assert {answer.status_code for answer in await call(app, path)} == {200}
        assert len(commits) < before + CALLERS // 10  # there is a sweeper


async def test_a_health_that_writes_for_whoever_asks_is_found(
    app: DialogueApp, commits: list[None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fault as it was, planted."""
    inner = app.asgi

    async def asked(scope: Any, receive: Any, send: Any) -> None:
        with suppress(Unavailable):  # so many do not all come to it in time
            await app.container.storage().check()
        await inner(scope, receive, send)

    monkeypatch.setitem(app.__dict__, "asgi", asked)
    async with app.lifespan():
        before = len(commits)
        await call(app, "/health/ready")
        assert len(commits) > before + CALLERS // 10


async def test_readiness_turns_with_the_storage_and_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """At the next measurement; each turn is told in the log, once."""
    monkeypatch.chdir(tmp_path)
    app = create_dialogue(rooms={}, settings={"ready_interval_s": 0.02})

    async def fail(_: SqliteStorage) -> None:
        raise Unavailable("The disk is full")

    transport = httpx.ASGITransport(app.asgi)
    http = httpx.AsyncClient(transport=transport, base_url="http://localhost")
    async with app.lifespan(), http:
        assert (await http.get("/health/ready")).json() == {"status": "ok"}
        with monkeypatch.context() as broken:
            broken.setattr(SqliteStorage, "check", fail)
            assert (await readiness_becomes(http, 503)).json()["detail"] == "The disk is full"
        await readiness_becomes(http, 200)
    told = [record.getMessage() for record in caplog.records if record.name == "dialogue.readiness"]
    assert told == ["not ready: The disk is full", "ready again"]


async def test_a_measurement_that_hangs_or_breaks_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dialogue.application.readiness.PATIENCE_S", 0.02)

    async def never() -> None:
        await Signal().wait()

    async def broken() -> None:
        raise RuntimeError("what nobody thought of")

    for check, message in ((never, "does not answer"), (broken, "cannot be reached")):
        storage = MemoryStorage(MemoryStore())
        monkeypatch.setattr(storage, "check", check)
        await reported(storage, message)


async def test_a_storage_that_fails_unexplained_is_told_once_and_not_at_each_measurement(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A table that somebody dropped would fill the log with a traceback every two seconds."""
    measured = 0

    async def broken() -> None:
        nonlocal measured
        measured += 1
        raise RuntimeError("what nobody thought of")

    storage = MemoryStorage(MemoryStore())
    monkeypatch.setattr(storage, "check", broken)
    readiness = Readiness(storage, storage.source, 0.01)
    async with create_task_group() as tasks:
        tasks.start_soon(readiness.run)
        with fail_after(DEADLINE_S):
            while measured < 3:
                await checkpoint()
        tasks.cancel_scope.cancel()
    assert [record.getMessage() for record in caplog.records].count("the storage cannot be measured") == 1


async def reported(storage: MemoryStorage, message: str) -> None:
    """The readiness comes to say so, and goes on."""
    readiness = Readiness(storage, storage.source, 0.01)
    async with create_task_group() as tasks:
        tasks.start_soon(readiness.run)
        with fail_after(DEADLINE_S):
            for _ in range(2):
                while message not in said(readiness):
                    await checkpoint()
        tasks.cancel_scope.cancel()


def said(readiness: Readiness) -> str:
    """What is wrong; nothing where all is well."""
    try:
        readiness.ensure_ready()
    except Unavailable as error:
        return error.message
    return ""


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """One item for each time that the documents are made."""
    counted: list[None] = []

    def describe(*arguments: Any) -> Any:
        counted.append(None)
        return schema_documents.describe(*arguments)

    monkeypatch.setattr(litestar_app, "describe", describe)
    return counted


async def test_the_documents_are_made_once_whoever_asks(app: DialogueApp, made: list[None]) -> None:
    async with app.lifespan():
        for path in ("/schema/openapi.json", "/schema", "/schema/openapi.json"):
            answers = await call(app, path, 20)
            assert len({answer.content for answer in answers}) == 1
            assert {answer.status_code for answer in answers} == {200}
    assert len(made) == 1


async def test_documents_that_are_made_for_whoever_asks_are_found(
    app: DialogueApp, made: list[None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fault as it was, planted."""

    async def each_time(documents: SchemaDocuments) -> Any:
        return documents._make()

    monkeypatch.setattr(SchemaDocuments, "__call__", each_time)
    async with app.lifespan():
        await call(app, "/schema/openapi.json", 3)
    assert len(made) == 3


async def test_the_page_needs_nothing_from_elsewhere(app: DialogueApp) -> None:
    """It works without the internet: there is no script, and no address but its own."""
    async with app.lifespan():
        (page,) = await call(app, "/schema", 1)
        (slash,) = await call(app, "/schema/", 1)
        (openapi,) = await call(app, "/schema/openapi.json", 1)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for word in ("http:", "https:", "<script", "<link", "<img", "src=", "@import", "url("):
        assert word not in page.text
    for operations in openapi.json()["paths"].values():
        for operation in operations.values():
            assert f'id="{operation["operationId"]}"' in page.text
    assert page.url.join("schema/openapi.json") == openapi.url
    assert (slash.status_code, slash.url.join(slash.headers["location"])) == (307, page.url)


async def test_a_document_that_one_has_is_not_sent_again(app: DialogueApp) -> None:
    async with app.lifespan():
        for path in ("/schema", "/schema/openapi.json"):
            (first,) = await call(app, path, 1)
            transport = httpx.ASGITransport(app.asgi)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
                again = await http.get(path, headers={"If-None-Match": first.headers["etag"]})
            assert (again.status_code, again.content) == (304, b"")
