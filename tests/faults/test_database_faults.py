"""A database that cannot be written to for a while: publishing says so, reading goes on, and so does everything when it
is over, without a restart."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio import fail_after

from ..support.readiness import readiness_becomes
from ..support.server_process import ServerProcess
from ..support.wire_client import WireClient, connected, seqs
from . import switches
from .conftest import Serve
from .serving import database_of, kept_by

IN_MEMORY = 5
SETTINGS: dict[str, Any] = {"request_timeout_s": 1.5, "LOAD_LIMIT": IN_MEMORY}
BEFORE = 50


@asynccontextmanager
async def members(server: ServerProcess) -> AsyncIterator[tuple[WireClient, WireClient]]:
    """Two who are in the hall, in which there is a history; the second sees all that happens."""
    async with connected(server.ws, "ada") as ada, connected(server.ws, "bob") as bob:
        await ada.join("hall", events=[])
        await ada.join("side", events=[])
        await bob.join("hall")
        assert await ada.publish("hall", BEFORE, padding=" and so on") == list(range(1, BEFORE + 1))
        assert seqs(await bob.events(BEFORE)) == list(range(1, BEFORE + 1))
        yield ada, bob


async def ensure_only_writing_fails(server: ServerProcess, ada: WireClient, bob: WireClient) -> None:
    """Publishing is UNAVAILABLE, over both ways; pages of memory and of the database, joins and live events go on."""
    async with httpx.AsyncClient(base_url=server.http, trust_env=False) as http:
        for _ in range(3):
            refused = await ada.refused("trigger", roomId="hall", event="message", data={"text": "lost"})
            assert refused["code"] == "UNAVAILABLE"
        posted = await http.post("/rooms/hall/events?userId=eve", json={"event": "note", "data": "lost"})
        assert (posted.status_code, posted.json()["code"]) == (503, "UNAVAILABLE")
        assert (await http.get("/health/live")).status_code == 200
        if switches.READY_WRITES:
            await readiness_becomes(http, 503)
    newest = BEFORE
    for fields, expected in (
        ({"limit": IN_MEMORY}, range(newest, newest - IN_MEMORY, -1)),
        ({"before": 20, "limit": 10}, range(19, 9, -1)),
        ({"after": 0, "limit": 100}, range(newest, 0, -1)),
        ({"event": "message", "start": 40, "end": 60}, range(10, 0, -1)),
    ):
        assert seqs((await bob.page("hall", **fields))["events"]) == list(expected)
    async with connected(server.ws, "new") as new:
        assert seqs((await new.join("hall"))["history"]) == list(range(newest, newest - 50, -1))
    await ada.trigger("hall", "typing", "still here")
    assert [event["event"] for event in await bob.events(1)] == ["typing"]


async def ensure_all_goes_on(server: ServerProcess, ada: WireClient, bob: WireClient, *, told: str = "") -> None:
    """The next events take the next places, nothing that was refused is anywhere, and no error but `told` is logged."""
    with fail_after(30):
        answer = await ada.ask("ping")
        while answer["type"] != "triggered":  # as soon as the storage can be reached
            answer = await ada.answer(await ada.send("trigger", roomId="hall", event="message", data={"text": "kept"}))
    assert answer["seq"] == BEFORE + 1
    assert await ada.publish("hall", 20) == list(range(BEFORE + 2, BEFORE + 22))
    assert seqs(await bob.events(21)) == list(range(BEFORE + 1, BEFORE + 22))
    async with httpx.AsyncClient(base_url=server.http, trust_env=False) as http:
        await readiness_becomes(http, 200)
    kept = kept_by(server)
    assert len(kept) == BEFORE + 21
    assert "lost" not in str(kept.events("hall"))
    assert server.stop() == 0
    assert [line for line in server.faults if not told or told not in line] == []
    assert len(kept_by(server)) == BEFORE + 21


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another program has the database for itself."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=10)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield


async def test_a_database_that_another_program_has_locked(serve: Serve) -> None:
    """While somebody else writes, and until they have done."""
    server = serve(**SETTINGS)
    async with members(server) as (ada, bob):
        with locked(database_of(server)):
            await ensure_only_writing_fails(server, ada, bob)
        await ensure_all_goes_on(server, ada, bob)


async def limit(ada: WireClient, bob: WireClient, size: int | str) -> None:
    """Keep the server from writing (see `apps/limited.py`), and wait until that is in force."""
    await ada.trigger("side", "typing", size)
    assert [event["data"] for event in await bob.events(1, "hall")] == [size]


async def test_a_disk_without_space(serve: Serve) -> None:
    """Nothing can be written, be it to the database or to the log: a limit of the process has that effect."""
    server = serve("limited", **SETTINGS)
    async with members(server) as (ada, bob):
        await limit(ada, bob, 1)
        await ensure_only_writing_fails(server, ada, bob)
        await limit(ada, bob, "unlimited")
        await ensure_all_goes_on(server, ada, bob)


async def test_a_disk_that_fills_up_in_the_middle_of_a_commit(serve: Serve) -> None:
    """Each time with less space than the commit needs: what is refused is not there, not even a part of it."""
    server = serve("limited", **SETTINGS)
    wal = database_of(server).with_name("chat.db-wal")
    async with members(server) as (ada, bob):
        kept = BEFORE
        for space in range(1_000, 60_000, 7_300):
            await limit(ada, bob, wal.stat().st_size + space)
            requests = [
                await ada.send("trigger", roomId="hall", event="message", data={"text": "x" * 20_000, "is": number})
                for number in range(8)
            ]
            answers = await ada.answers(requests)
            assert "error" in {answer["type"] for answer in answers}
            places = [answer["seq"] for answer in answers if answer["type"] == "triggered"]
            assert places == list(range(kept + 1, kept + 1 + len(places)))
            assert seqs(await bob.events(len(places), "hall")) == places
            await limit(ada, bob, "unlimited")
            kept += len(places) + 1
            assert (await ada.trigger("hall"))["seq"] == kept
            assert seqs(await bob.events(1, "hall")) == [kept]
            assert len(kept_by(server)) == kept
    assert server.stop() == 0
    assert server.faults == []


async def test_a_file_system_that_became_read_only(serve: Serve) -> None:
    """As systems do with a disk that has errors."""
    server = serve("limited", **SETTINGS)
    async with members(server) as (ada, bob):
        await limit(ada, bob, "read-only")
        await ensure_only_writing_fails(server, ada, bob)
        await limit(ada, bob, "unlimited")
        await ensure_all_goes_on(server, ada, bob)


def delete(path: Path) -> None:
    path.unlink()


def replace_by_a_copy(path: Path) -> None:
    shutil.copy(path, path.with_name("copy.db"))
    os.replace(path.with_name("copy.db"), path)


def move(path: Path) -> None:
    path.rename(path.with_name("away.db"))


@pytest.mark.parametrize("take_away", [delete, replace_by_a_copy])
async def test_a_file_that_is_deleted_or_replaced_while_the_server_runs(
    serve: Serve, take_away: Callable[[Path], None]
) -> None:
    """Nothing is answered for that would be lost; readiness turns, and the log says once what was found."""
    server = serve(**SETTINGS)
    async with members(server) as (ada, bob):
        take_away(database_of(server))
        await ensure_only_writing_fails(server, ada, bob)
    assert server.log.count("nothing can be kept until it is back") == 1
    assert str(database_of(server).name) in server.log
    assert server.stop() == 0


async def test_a_file_that_is_moved_away_and_back(serve: Serve) -> None:
    """What was answered for is there, and all goes on, without a restart."""
    server = serve(**SETTINGS)
    async with members(server) as (ada, bob):
        move(database_of(server))
        await ensure_only_writing_fails(server, ada, bob)
        database_of(server).with_name("away.db").rename(database_of(server))
        await ensure_all_goes_on(server, ada, bob, told="was deleted or moved away")
    assert "is back, and events are kept again" in server.log
