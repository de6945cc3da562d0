"""Running servers for the examples, in processes of their own."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..support.forked import PROGRAM
from ..support.server_process import ServerProcess, environment

__all__ = ["dialogue", "environment", "process"]


@contextmanager
def process(command: Sequence[str], folder: Path, env: dict[str, str] | None = None) -> Iterator[ServerProcess]:
    """Run `command` in `folder` until its server answers; end it with SIGTERM, which must give status 0.

    The command prints its address, as both `dialogue serve --port 0` and `uvicorn --port 0` do.
    """
    server = ServerProcess(folder, command, env, ready=None)
    try:
        yield server.start()
        status = server.stop()
        assert status in (0, -signal.SIGTERM), f"status {status}:\n{server.log}"
    finally:
        server.kill()


def dialogue(*arguments: str) -> list[str]:
    """The command line `dialogue …`, by the Python that runs the tests."""
    return [*PROGRAM, *arguments]
