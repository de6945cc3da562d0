"""An event that is published in a transaction of the application's own is seen by members, wherever they are."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

import psycopg
import pytest

from ..support.server_process import DIALOGUE, ROOMS_APP, ServerProcess
from ..support.shared_postgresql import database_with_tables
from ..support.wire_client import WireClient, connected, seqs

PUBLISH = "SELECT seq FROM dialogue_publish('hall', 'note', %s::jsonb, 'till')"


@pytest.fixture
def url() -> Iterator[str]:
    """A database with tables."""
    with database_with_tables() as url:
        yield url


@pytest.fixture
def servers(url: str, tmp_path: Path) -> Iterator[list[ServerProcess]]:
    """Two servers over it."""
    with ExitStack() as running:
        started = []
        for number in range(2):
            folder = tmp_path / str(number)
            folder.mkdir()
            shutil.copy(ROOMS_APP, folder)
            command = [*DIALOGUE, f"{ROOMS_APP.stem}:dialogue", "--port", "{port}", "--database", url]
            server = ServerProcess(folder, command)
            running.callback(server.kill)
            started.append(server.start())
        yield started
        assert [server.stop() for server in started] == [0, 0], [server.log for server in started]


async def test_members_on_all_servers_get_it_when_the_transaction_commits_and_in_the_order_of_commits(
    url: str, servers: list[ServerProcess]
) -> None:
    """Nothing tells the servers: each finds it by its poll."""
    async with AsyncExitStack() as connections:
        members: list[WireClient] = []
        for server in servers:
            members.append(await connections.enter_async_context(connected(server.ws, f"ada-{len(members)}")))
            await members[-1].join("hall", events=["note"])
        with psycopg.connect(url) as shop:
            assert shop.execute(PUBLISH, ['"undone"']).fetchone() == (1,)
            shop.rollback()
            assert shop.execute(PUBLISH, ['"first"']).fetchone() == (1,)
            for member in members:
                assert await member.settle() == []
            shop.commit()
        for member in members:
            [event] = await member.events(1)
            assert (event["seq"], event["data"], event["from"]) == (1, "first", "till")
        await members[0].trigger("hall", event="note", data="second")
        for member in members:
            assert seqs(await member.events(1)) == [2]
