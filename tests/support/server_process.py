"""A real server in a process of its own."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from .cpu_time import cpu_s
from .forked import PROGRAM, Process, start_process
from .free_port import free_port

DEADLINE_S = 200.0
ROOMS_APP = Path(__file__).parents[1] / "acceptance" / "rooms_app.py"
_ADDRESS = re.compile(r"http://[\w.]+:(\d+)")


def environment(settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment with these settings, and without those of whoever runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DIALOGUE_")}
    return {**kept, "COLUMNS": "400", **(settings or {})}


class ServerProcess:
    """A command that serves, in `folder`; it may be killed and started again, on its port and its files.

    `{port}` in the command stands for the port: any free one at the first start, the same one afterwards. `mount` is
    where Dialogue is in the app that is served, and `ready` what answers there with 200 when it is up; None is up as
    soon as it answers anything.
    """

    def __init__(
        self,
        folder: Path,
        command: Sequence[str],
        settings: Mapping[str, str] | None = None,
        *,
        mount: str = "",
        ready: str | None = "/health/ready",
    ) -> None:
        self.folder = folder
        self.settings = dict(settings or {})
        self.port = 0
        self._mount = mount
        self._ready = ready
        self._command = command
        self._process: Process | None = None

    @classmethod
    def of_rooms(cls, folder: Path, settings: Mapping[str, str] | None = None) -> ServerProcess:
        """`dialogue serve` of the tests' own rooms, over SQLite where no other database is named."""
        return cls.of_app(folder, ROOMS_APP, settings)

    @classmethod
    def of_app(cls, folder: Path, app: Path, settings: Mapping[str, str] | None = None) -> ServerProcess:
        """`dialogue serve` of the `dialogue` in that file, over SQLite where no other database is named."""
        shutil.copy(app, folder)
        return cls(folder, [*DIALOGUE, f"{app.stem}:dialogue", *_OPTIONS], _over_sqlite(settings))

    @classmethod
    def of_chat(cls, folder: Path, settings: Mapping[str, str] | None = None) -> ServerProcess:
        """`dialogue serve` of the bundled chat, over SQLite where no other database is named."""
        return cls(folder, [*DIALOGUE, *_OPTIONS], _over_sqlite(settings))

    @property
    def address(self) -> str:
        """Its host and port."""
        return f"127.0.0.1:{self.port}"

    @property
    def http(self) -> str:
        """Where HTTP is answered."""
        return f"http://{self.address}{self._mount}"

    @property
    def ws(self) -> str:
        """Where the WebSocket is."""
        return f"ws://{self.address}{self._mount}/ws"

    @property
    def log(self) -> str:
        """What it has written, to both of its outputs."""
        return self._log_file.read_text()

    @property
    def faults(self) -> list[str]:
        """What its log complains about as a fault of the server or the application."""
        lines = self.log.splitlines()
        return [line for line in lines if '"level": "error"' in line or "Traceback" in line or "Error:" in line]

    @property
    def pid(self) -> int:
        """Its process."""
        return self._running.pid

    @property
    def cpu_s(self) -> float:
        """For how long it has kept a core busy."""
        return cpu_s(self.pid)

    @property
    def resident_kib(self) -> int:
        """The memory that it holds, as the system counts it."""
        answer = subprocess.run(
            ["ps", "-o", "rss=", "-p", str(self._running.pid)], capture_output=True, text=True, check=True
        )
        return int(answer.stdout)

    def start(self) -> ServerProcess:
        """Start it, and return when it is ready."""
        self.port = self.port or free_port()
        with self._log_file.open("wb") as log:
            command = [part.replace("{port}", str(self.port)) for part in self._command]
            self._process = start_process(command, self.folder, environment(self.settings), log, log)
        deadline = time.monotonic() + DEADLINE_S
        while not self._is_ready():
            assert self._ended_within(0.02) is None, f"it ended:\n{self.log}"
            assert time.monotonic() < deadline, f"it is not ready:\n{self.log}"
        return self

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._running.send_signal(number)

    def exit_code(self) -> int:
        """Wait for its end."""
        return self._running.wait(DEADLINE_S)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop, and wait until it has; its exit code."""
        self.send_signal(number)
        return self.exit_code()

    def kill(self) -> None:
        """End it without asking, as `kill -9` does; fine where it has ended."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(DEADLINE_S)

    @property
    def _running(self) -> Process:
        assert self._process is not None, "it was not started"
        return self._process

    @property
    def _log_file(self) -> Path:
        return self.folder / "server.log"

    def _is_ready(self) -> bool:
        found = _ADDRESS.search(self.log)
        if found is None:
            return False
        self.port = int(found.group(1))
        connection = HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_S)
        with closing(connection), suppress(OSError, HTTPException):
            connection.request("GET", self._mount + (self._ready or "/"))
            status = connection.getresponse().status
            return self._ready is None or status == 200
        return False

    def _ended_within(self, seconds: float) -> int | None:
        with suppress(subprocess.TimeoutExpired):
            return self._running.wait(seconds)
        return None


DIALOGUE = (*PROGRAM, "serve")
_OPTIONS = ("--port", "{port}")


def _over_sqlite(settings: Mapping[str, str] | None) -> dict[str, str]:
    return {"DIALOGUE_DATABASE": "sqlite:///chat.db", **(settings or {})}
