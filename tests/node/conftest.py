"""A server of the tests' own rooms, and clients of the ancestor's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from ..support.room_servers import new_servers, shared_rooms
from ..support.server_process import ServerProcess
from .node_clients import NodeClients, node_clients

NUMBERS = count(1)


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server which all tests share that do not stop it."""
    with shared_rooms(tmp_path_factory.mktemp("rooms")) as running:
        yield running


@pytest.fixture
def new_server(tmp_path: Path) -> Iterator[Callable[..., ServerProcess]]:
    """Starts servers of the test's own, each in a folder of its own, and ends them with the test."""
    with new_servers(tmp_path) as start:
        yield start


@pytest.fixture
async def clients() -> AsyncIterator[NodeClients]:
    """A process of Node."""
    async with node_clients() as clients:
        yield clients


@pytest.fixture
def user() -> str:
    """Somebody whom no other test knows."""
    return f"user-{next(NUMBERS)}"
