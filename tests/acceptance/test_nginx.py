"""Two nodes behind a real nginx, with the configuration of the docs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from ..support.nginx import nginx
from ..support.server_process import DIALOGUE, ServerProcess
from ..support.shared_postgresql import database_with_tables
from ..support.wire_client import connected, texts


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[list[ServerProcess]]:
    """Two nodes over one PostgreSQL."""
    with ExitStack() as stack:
        url = stack.enter_context(database_with_tables())
        nodes = []
        for name in ("one", "two"):
            folder = tmp_path / name
            folder.mkdir()
            command = [*DIALOGUE, "--port", "{port}", "--database", url, "--bus", "postgres"]
            node = ServerProcess(folder, command).start()
            stack.callback(node.kill)
            nodes.append(node)
        yield nodes


@pytest.fixture
def proxy(nodes: list[ServerProcess], tmp_path: Path) -> Iterator[str]:
    """The address of the nginx in front of them."""
    with nginx(nodes, tmp_path, "nginx.conf") as address:
        yield address


async def test_clients_of_all_nodes_are_in_one_room_and_come_back_to_another_node(
    nodes: list[ServerProcess], proxy: str
) -> None:
    """They miss nothing when a node is killed."""
    async with connected(f"ws://{proxy}/ws", "ada") as ada, connected(f"ws://{proxy}/ws", "bob") as bob:
        position = (await ada.ask("join", roomId="general"))["position"]
        await bob.ask("join", roomId="general")
        said = {"text": "one", "username": "bob"}
        await bob.ask("trigger", roomId="general", event="message", data=said)
        assert texts(await ada.events(1)) == ["one"]
    nodes[0].kill()
    async with connected(f"ws://{proxy}/ws", "bob") as bob:
        await bob.ask("join", roomId="general")
        await bob.ask("trigger", roomId="general", event="message", data={"text": "two", "username": "bob"})
        async with connected(f"ws://{proxy}/ws", "ada") as ada:
            joined = await ada.ask("join", roomId="general", since=position)
            assert joined["recovered"] is True
            assert texts(reversed(joined["history"])) == ["one", "two"]


def test_a_room_whose_id_holds_a_slash_is_reached_through_it(proxy: str) -> None:
    headers = {"X-User-Id": "ada"}
    with httpx.Client(base_url=f"http://{proxy}", headers=headers, trust_env=False) as client:
        assert client.get("/rooms/general/events").status_code == 200
        missing = client.get("/rooms/a%2Fb/events")
        assert missing.status_code == 404
        assert "a/b" in missing.text
