"""A server of the tests' own rooms, and clients of the ancestor's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from ..support.server_process import ServerProcess
from .node_clients import NodeClients, node_clients

NUMBERS = count(1)


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server which all tests share that do not stop it."""
    running = ServerProcess.of_rooms(tmp_path_factory.mktemp("rooms"))
    try:
        yield running.start()
        assert running.stop() == 0, running.log
        assert [fault for fault in running.faults if "this hook always fails" not in fault] == []
    finally:
        running.kill()


@pytest.fixture
def new_server(tmp_path: Path) -> Iterator[Callable[..., ServerProcess]]:
    """Starts servers of the test's own, each in a folder of its own, and ends them with the test."""
    running: list[ServerProcess] = []

    def start(**settings: str | float) -> ServerProcess:
        folder = tmp_path / str(len(running))
        folder.mkdir()
        given = {f"DIALOGUE_{name.upper()}": str(value) for name, value in settings.items()}
        running.append(ServerProcess.of_rooms(folder, given))
        return running[-1].start()

    yield start
    for each in running:
        each.kill()


@pytest.fixture
async def clients() -> AsyncIterator[NodeClients]:
    """A process of Node."""
    async with node_clients() as clients:
        yield clients


@pytest.fixture
def user() -> str:
    """Somebody whom no other test knows."""
    return f"user-{next(NUMBERS)}"
