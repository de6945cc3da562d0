"""Real nodes over one PostgreSQL: one that is killed and started again, and two that are called alike."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psycopg
import pytest
from anyio import to_thread

from ..support.readiness import readiness_becomes
from ..support.server_process import ServerProcess
from ..support.shared_postgresql import database_with_tables
from ..support.wire_client import WireClient, connected

Start = Callable[[str], ServerProcess]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a node of that id, over a database that all share."""
    running: list[ServerProcess] = []
    with database_with_tables() as url:

        def one(node_id: str) -> ServerProcess:
            folder = tmp_path / str(len(running))
            folder.mkdir()
            settings = {"DIALOGUE_DATABASE": url, "DIALOGUE_NODE_ID": node_id}
            running.append(ServerProcess.of_rooms(folder, settings))
            return running[-1].start()

        yield one
        for server in running:
            server.kill()


@asynccontextmanager
async def after_a_kill(start: Start) -> AsyncIterator[tuple[ServerProcess, WireClient]]:
    """A node that was killed, with ada in the small room, and eve at another one, where bob has the other place."""
    node, other = start("a"), start("b")
    async with connected(other.ws, "bob") as bob, connected(other.ws, "eve") as eve:
        await bob.join("small")
        async with connected(node.ws, "ada") as ada:
            await ada.join("small")
            await to_thread.run_sync(node.kill)
        yield node, eve


async def test_the_places_of_a_killed_node_are_free_as_soon_as_it_is_started_again(start: Start) -> None:
    """Its lease is made to last for an hour: they would be free behind it anyway."""
    async with after_a_kill(start) as (node, eve):
        with psycopg.connect(node.settings["DIALOGUE_DATABASE"]) as connection:
            connection.execute("UPDATE dialogue_leases SET until = until + interval '1 hour' WHERE node_id = 'a'")
        assert (await eve.refused("join", roomId="small"))["code"] == "ROOM_FULL"
        await to_thread.run_sync(node.start)
        async with connected(node.ws, "ada") as ada:
            await ada.join("small")


async def test_the_places_of_a_killed_node_are_free_when_its_lease_is_over_and_not_before(start: Start) -> None:
    """It is made to be over at once: it would be after fifteen seconds."""
    async with after_a_kill(start) as (node, eve):
        assert (await eve.refused("join", roomId="small"))["code"] == "ROOM_FULL"
        with psycopg.connect(node.settings["DIALOGUE_DATABASE"]) as connection:
            connection.execute("UPDATE dialogue_leases SET until = now() WHERE node_id = 'a'")
        await eve.join("small")


async def test_of_two_nodes_called_alike_the_older_says_that_it_is_not_ready_until_the_later_is_gone(
    start: Start,
) -> None:
    older = start("a")
    async with httpx.AsyncClient(base_url=older.http) as http:
        later = start("a")
        answer = await readiness_becomes(http, 503)
        assert "Another node was started as 'a'" in answer.text
        assert "each needs a node id of its own" in older.log
        async with httpx.AsyncClient(base_url=later.http) as later_http:
            assert (await later_http.get("/health/ready")).status_code == 200
        assert await to_thread.run_sync(later.stop) == 0
        await readiness_becomes(http, 200)
