"""Clients of Socket.IO where more than one node serves: what polling needs, and that rooms are one all the same."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from ..support.nginx import nginx
from ..support.server_process import DIALOGUE, ROOMS_APP, ServerProcess
from ..support.shared_postgresql import database_with_tables
from .node_clients import WAYS, NodeClients
from .raw_packets import raw_polling

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[ServerProcess]]:
    """Two nodes over one PostgreSQL."""
    with ExitStack() as stack:
        url = stack.enter_context(database_with_tables())
        nodes = []
        for name in ("one", "two"):
            folder = tmp_path_factory.mktemp(name)
            shutil.copy(ROOMS_APP, folder)
            command = [*DIALOGUE, f"{ROOMS_APP.stem}:dialogue", "--port", "{port}", "--database", url]
            node = ServerProcess(folder, [*command, "--bus", "postgres", "--node-id", name]).start()
            stack.callback(node.kill)
            nodes.append(node)
        yield nodes


@pytest.fixture(scope="module")
def sticky(nodes: list[ServerProcess], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with nginx(nodes, tmp_path_factory.mktemp("sticky"), "nginx-polling.conf") as address:
        yield f"http://{address}"


@pytest.fixture(scope="module")
def spread(nodes: list[ServerProcess], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with nginx(nodes, tmp_path_factory.mktemp("spread"), "nginx.conf") as address:
        yield f"http://{address}"


@pytest.mark.parametrize("way", WAYS)
async def test_every_way_works_through_an_nginx_that_leads_clients_to_one_node(
    sticky: str, clients: NodeClients, user: str, way: str
) -> None:
    ada = await clients.open(sticky, user, ways=WAYS[way])
    await ada.join("hall")
    for number in range(20):
        await ada.trigger("hall", f"{user} {number}")
    mine = [event["data"]["text"] for event in await ada.events(20)]
    assert mine == [f"{user} {number}" for number in range(20)]


async def test_without_it_polling_is_refused_with_the_reason_and_a_websocket_works(
    spread: str, clients: NodeClients, user: str
) -> None:
    ada = await clients.open(spread, user, ways=["polling"], waits=False)
    error = await ada.find(lambda each: each["on"] == "connect_error" and "worker" in str(each.get("answer")))
    assert "WebSocket does not" in error["answer"]
    await ada.order("close")
    bob = await clients.open(spread, f"{user}-bob", ways=["websocket"])
    await bob.join("hall")
    assert (await bob.trigger("hall", "works"))["seq"] > 0


async def test_a_session_of_another_node_is_told_apart_from_one_that_has_ended(nodes: list[ServerProcess]) -> None:
    async with raw_polling(nodes[0].http) as one, raw_polling(nodes[1].http) as other:
        await one.open()
        other.sid = one.sid
        answer = await other.client.get(other.path)
        assert (answer.status_code, answer.json()["code"]) == (400, 1)
        assert "another worker" in answer.json()["message"]
        await one.post("1")
        while (answer := await one.client.get(one.path)).status_code == 200:
            assert answer.text == "1"
        assert answer.json() == {"code": 1, "message": "Session ID unknown: the session has ended"}


async def test_rooms_are_one_over_all_nodes(nodes: list[ServerProcess], clients: NodeClients, user: str) -> None:
    here, there = [await clients.open(node.http, f"{user}-{node.port}") for node in nodes]
    for client in (here, there):
        await client.join("quiet")
    for number in range(10):
        for client in (here, there):
            await client.trigger("quiet", f"{client.name} {number}")
    assert await here.events(20) == await there.events(20)


async def test_on_another_node_nothing_is_recovered(
    nodes: list[ServerProcess], clients: NodeClients, user: str
) -> None:
    async with raw_polling(nodes[0].http) as one, raw_polling(nodes[1].http) as other:
        await one.open()
        await one.post(f'40{{"userId":"{user}"}}')
        pid = (await one.until("40")).partition('"pid":"')[2].partition('"')[0]
        assert pid
        await other.open()
        await other.post(f'40{{"userId":"{user}","pid":"{pid}"}}')
        assert pid not in await other.until("40")
