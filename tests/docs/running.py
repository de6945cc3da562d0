"""Running servers for the examples, in processes of their own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

START_S = 30.0
_ADDRESS = re.compile(r"http://(127\.0\.0\.1:\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A server that answers: `address` is its host and port."""

    address: str
    process: subprocess.Popen[bytes]
    log: Path


def environment() -> dict[str, str]:
    """The environment without the settings of whoever runs the tests."""
    return {name: value for name, value in os.environ.items() if not name.startswith("DIALOGUE_")}


@contextmanager
def process(command: Sequence[str], folder: Path, env: dict[str, str] | None = None) -> Iterator[Served]:
    """Run `command` in `folder` until its server answers; end it with SIGTERM, which must give status 0.

    The command prints its address, as both `dialogue serve --port 0` and `uvicorn --port 0` do.
    """
    log = folder / "server.log"
    with log.open("wb") as output:
        started = subprocess.Popen(
            command, cwd=folder, env={**environment(), **(env or {})}, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield Served(address=_answering(started, log), process=started, log=log)
        started.send_signal(signal.SIGTERM)
        status = started.wait(START_S)
        assert status in (0, -signal.SIGTERM), f"status {status}:\n{log.read_text()}"
    finally:
        if started.poll() is None:
            started.kill()
            started.wait(START_S)


def dialogue(*arguments: str) -> list[str]:
    """The command line `dialogue …`, by the Python that runs the tests."""
    return [sys.executable, "-m", "dialogue", *arguments]


def _answering(started: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        found = _ADDRESS.search(log.read_text())
        if found is not None:
            with suppress(httpx.TransportError):
                httpx.get(f"http://{found.group(1)}/", timeout=START_S)
                return found.group(1)
        with suppress(subprocess.TimeoutExpired):
            started.wait(0.02)
            break
    raise AssertionError(f"{started.args!r} serves nothing:\n{log.read_text()}")
