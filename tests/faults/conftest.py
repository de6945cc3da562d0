"""Servers that end with their test, the seed of what is drawn, and a place for the figures."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random, SystemRandom
from typing import Protocol

import pytest

from ..conftest import FIGURE
from ..support.raw_client import raw
from ..support.server_process import ServerProcess
from .bystander import Bystander
from .serving import server_of

Report = Callable[[str], None]


class Serve(Protocol):
    """Starts a server that ends with the test."""

    def __call__(self, app: str = "rooms", **settings: object) -> ServerProcess: ...


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server of the tests' rooms, shared within a module, which must end without a fault."""
    no_pings = {"DIALOGUE_HEARTBEAT_S": "3600"}  # which raw clients would not answer
    running = ServerProcess.of_rooms(tmp_path_factory.mktemp("shared"), no_pings)
    try:
        yield running.start()
        assert running.stop() == 0, running.log
        assert running.faults == []
    finally:
        running.kill()


@pytest.fixture(scope="module")
def bystander(server: ServerProcess) -> Iterator[Bystander]:
    """Somebody with a secret, who must not notice anything."""
    with raw(server.port) as client:
        yield Bystander(client)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts servers of `apps/`; settings in lower case are Dialogue's, others the application's."""
    running: list[ServerProcess] = []

    def start(app: str = "rooms", **settings: object) -> ServerProcess:
        folder = tmp_path / str(len(running))
        folder.mkdir()
        named = {name if name.isupper() else f"DIALOGUE_{name.upper()}": str(of) for name, of in settings.items()}
        running.append(server_of(folder, app, named))
        return running[-1].start()

    yield start
    for each in running:
        each.kill()


@pytest.fixture
def seed() -> int:
    """What everything drawn in the test follows from: `FAULTS_SEED`, or a new one; a failed test shows it."""
    seed = int(os.environ.get("FAULTS_SEED") or SystemRandom().randrange(1 << 32))
    print(f"FAULTS_SEED={seed}")
    return seed


@pytest.fixture
def random(seed: int) -> Random:
    """Draws what the test draws."""
    return Random(seed)


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Report:
    """Tells a figure: at once with `-s`, and at the end of the run."""

    def tell(line: str) -> None:
        print(line)
        request.node.user_properties.append((FIGURE, line))

    return tell
