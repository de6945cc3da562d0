"""The server that is measured, in a process of its own."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from ..support.free_port import free_port

TESTS = Path(__file__).resolve().parents[1]
START_S = 60.0
STOP_S = 20.0
ROOMS_APP = "benchmarks.rooms:dialogue"
ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)")


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    port: int
    pid: int

    def resident_kib(self) -> int:
        """The memory that it holds (RSS), in KiB."""
        told = subprocess.run(["ps", "-o", "rss=", "-p", str(self.pid)], capture_output=True, text=True, check=True)
        return int(told.stdout)

    def cpu_s(self) -> float:
        """The processor time that it has used, in seconds (steps of 10 ms; off Linux: of 1 s)."""
        stat = Path(f"/proc/{self.pid}/stat")
        if stat.exists():
            fields = stat.read_text().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / float(os.sysconf("SC_CLK_TCK"))
        told = subprocess.run(["ps", "-o", "time=", "-p", str(self.pid)], capture_output=True, text=True, check=True)
        hours, minutes, seconds = ["0", "0", *told.stdout.strip().split(":")][-3:]
        return 3600 * float(hours) + 60 * float(minutes) + float(seconds)


@asynccontextmanager
async def running(
    folder: Path,
    database: str,
    *command: str,
    source: Path | None = None,
    app: str = ROOMS_APP,
    options: Sequence[str] = (),
) -> AsyncIterator[Server]:
    """`dialogue serve` of `app`, in `folder`, stopped at the end; `command` goes before it, and `options` behind it.

    `source` is another checkout, which serves in place of this one.
    """
    serve = [sys.executable, "-m", "dialogue", "serve", app, "--port", "0"]
    async with _process([*command, *serve, "--database", database, *options], folder, source) as server:
        yield server


@asynccontextmanager
async def running_plain(
    folder: Path, database: str, *command: str, source: Path | None = None
) -> AsyncIterator[Server]:
    """The same under uvicorn's own protocols: what an application has that brings its server."""
    serve = [sys.executable, "-m", "uvicorn", "benchmarks.rooms:dialogue.asgi", "--port", str(free_port())]
    options = ["--ws", "wsproto", "--http", "h11", "--ws-per-message-deflate", "false", "--no-access-log"]
    async with _process([*command, *serve, *options], folder, source, DIALOGUE_DATABASE=database) as server:
        yield server


@asynccontextmanager
async def running_bare(folder: Path) -> AsyncIterator[Server]:
    """The bare server of `bare_server.py`."""
    async with _process([sys.executable, "-m", "benchmarks.bare_server"], folder) as server:
        yield server


@asynccontextmanager
async def _process(
    command: list[str], folder: Path, source: Path | None = None, **settings: str
) -> AsyncIterator[Server]:
    said = folder / "server.log"
    process = _start(command, folder, said, source, settings)
    try:
        async with asyncio.timeout(START_S):
            while (port := _port(process, said)) is None or not await _answers(port):  # noqa: ASYNC110  # it can only be asked
                await asyncio.sleep(0.05)
        yield Server(port, process.pid)
    finally:
        process.terminate()
        try:
            await asyncio.to_thread(process.wait, STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _start(
    command: list[str], folder: Path, said: Path, source: Path | None, settings: dict[str, str]
) -> subprocess.Popen[bytes]:
    places = [TESTS] if source is None else [source / "tests", source / ".links"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DIALOGUE_")}
    environment |= {
        "PYTHONPATH": os.pathsep.join(map(str, places)),
        "PYTHONUNBUFFERED": "1",
        "DIALOGUE_SYNCHRONOUS": "FULL",
        "DIALOGUE_LOG_LEVEL": "error",
        **settings,
    }
    with said.open("w") as log:
        return subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)


def _port(process: subprocess.Popen[bytes], said: Path) -> int | None:
    if process.poll() is not None:
        raise SystemExit(f"the server did not start:\n{said.read_text()}")
    found = ADDRESS.search(said.read_text())
    return None if found is None else int(found[1])


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
