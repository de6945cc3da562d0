"""Processes of Dialogue that do not import it again, so that a server starts in a third of a second.

Hundreds of tests start a server. So one process imports everything and forks for each of them (`fork_server.py`): for
`python -m dialogue …`, and for a file of Python. What such a process is given, and what it does, is the same; that the
command itself starts is shown by tests/packaging, by `make serve` and beside other servers. For all other commands, and
elsewhere than on Linux, this is `subprocess.Popen`.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Protocol

from .fork_server import NUMBER

PROGRAM = (sys.executable, "-m", "dialogue")
_STARTING = threading.Lock()


class Process(Protocol):
    """What `subprocess.Popen` has of it."""

    @property
    def pid(self) -> int:
        """Its id."""
        ...

    def send_signal(self, sig: int, /) -> None:
        """Send a signal, unless it has ended."""
        ...

    def kill(self) -> None:
        """End it, unless it has ended."""
        ...

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its exit code; subprocess.TimeoutExpired where it does not end in so many seconds."""
        ...


def start_process(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], output: IO[Any], errors: IO[Any]
) -> Process:
    """Start `command` in `folder`."""
    if sys.platform == "linux" and _can_fork(command):
        return _Forked(command, folder, environment, output, errors)
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=errors)


def _can_fork(command: Sequence[str]) -> bool:
    return tuple(command[:3]) == PROGRAM or (command[0] == sys.executable and command[1].endswith(".py"))


def run_process(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run `command` in `folder` to its end; what it said."""
    with TemporaryFile("w+") as output, TemporaryFile("w+") as errors:
        process = start_process(command, folder, environment, output, errors)
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        for said in (output, errors):
            said.seek(0)
        return subprocess.CompletedProcess(command, code, output.read(), errors.read())


class _Forked:
    """See `Process`."""

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        output: IO[Any],
        errors: IO[Any],
    ) -> None:
        self._command = command
        self._ended, told = os.pipe()
        self._exit_code: int | None = None
        order = {"words": command[1:], "folder": str(folder), "environment": dict(environment)}
        files = [output.fileno(), errors.fileno(), told]
        try:
            socket.send_fds(_orders(), [json.dumps(order).encode()], files)
        finally:
            os.close(told)
        self.pid = self._number()

    def __del__(self) -> None:
        os.close(self._ended)

    def send_signal(self, sig: int) -> None:
        """See `Process`."""
        if not self._has_ended(0):
            os.kill(self.pid, sig)

    def kill(self) -> None:
        """See `Process`."""
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        """See `Process`."""
        if not self._has_ended(timeout):
            raise subprocess.TimeoutExpired(self._command, timeout or 0)
        assert self._exit_code is not None
        return self._exit_code

    def _has_ended(self, within_s: float | None) -> bool:
        if self._exit_code is None:
            poll = select.poll()  # `select` takes no file beyond the 1,024th
            poll.register(self._ended, select.POLLIN)
            if poll.poll(None if within_s is None else within_s * 1_000):
                self._exit_code = self._number()
        return self._exit_code is not None

    def _number(self) -> int:
        told = os.read(self._ended, NUMBER.size)
        assert told, "the server that forks has ended"
        number: int = NUMBER.unpack(told)[0]
        return number


def _orders() -> socket.socket:
    with _STARTING:
        return _fork_server()


@cache
def _fork_server() -> socket.socket:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    program = [sys.executable, str(Path(__file__).with_name("fork_server.py")), str(theirs.fileno())]
    # Each child has a PYTHONPATH of its own, and would have this one's behind it.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with theirs:
        server = subprocess.Popen(program, env=environment, pass_fds=[theirs.fileno()])

    def end() -> None:
        ours.close()
        server.wait()

    atexit.register(end)
    return ours
