"""One server of the tests' own rooms for all who do not stop it, and short ways to talk to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import pytest

from ..support.room_servers import new_servers, shared_rooms
from ..support.server_process import ServerProcess
from ..support.wire_client import WireClient, connected
from .command import Here

NUMBERS = count(1)


class Connect(Protocol):
    """Opens a connection that ends with the test."""

    async def __call__(self, user_id: str | None = None, **options: Any) -> WireClient: ...


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server of the tests' own rooms, which all tests share."""
    with shared_rooms(tmp_path_factory.mktemp("rooms")) as running:
        yield running


@pytest.fixture
def new_server(tmp_path: Path) -> Iterator[Callable[..., ServerProcess]]:
    """Starts servers of the test's own, each in a folder of its own, and ends them with the test."""
    with new_servers(tmp_path) as start:
        yield start


@pytest.fixture
async def connect(server: ServerProcess) -> AsyncIterator[Connect]:
    """Opens connections to the shared server."""
    async with AsyncExitStack() as connections:

        async def open_one(user_id: str | None = None, **options: Any) -> WireClient:
            client: AbstractAsyncContextManager[WireClient] = connected(server.ws, user_id, **options)
            return await connections.enter_async_context(client)

        yield open_one


@pytest.fixture
async def ada(connect: Connect) -> WireClient:
    """Somebody who is connected."""
    return await connect(f"ada-{next(NUMBERS)}")


@pytest.fixture
async def bob(connect: Connect) -> WireClient:
    """Somebody else."""
    return await connect(f"bob-{next(NUMBERS)}")


@pytest.fixture
async def room(ada: WireClient) -> str:
    """A new room, made by Ada, in which nobody is."""
    room_id = f"room-{next(NUMBERS)}"
    await ada.ask("createRoom", room={"id": room_id, "name": "A Room"})
    return room_id


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Here:
    """The command line in this process, without the second that one of its own takes to start, in the test's folder."""
    monkeypatch.chdir(tmp_path)
    return Here(tmp_path, monkeypatch, capfd)
