"""`make serve`, ended by whoever started it."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ..support.server_process import ServerProcess

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
EXEC = "exec $(BIN)/python -m dialogue serve"
OPTIONS = "--port {port} --database memory://"


def serving(folder: Path, makefile: str) -> ServerProcess:
    """`make serve` by that recipe, with the environment that runs the tests in place of one that it would make."""
    path = folder / "Makefile"
    path.write_text(makefile)
    command = ["make", "-C", str(ROOT), "-f", str(path), f"VENV={sys.prefix}", "-o", f"{sys.prefix}/.runtime-installed"]
    return ServerProcess(folder, [*command, "serve", f"ARGS={OPTIONS}"])


def is_there(server: ServerProcess) -> bool:
    """Whether anything answers."""
    try:
        return httpx.get(f"{server.http}/health/live", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture
def make(tmp_path: Path) -> Iterator[ServerProcess]:
    """`make serve`, started."""
    server = serving(tmp_path, MAKEFILE)
    try:
        yield server.start()
    finally:
        server.kill()


def test_a_kill_of_make_leaves_no_server_behind(make: ServerProcess) -> None:
    assert is_there(make)
    make.stop(signal.SIGTERM)
    assert not is_there(make)


def test_a_recipe_without_exec_is_found(tmp_path: Path) -> None:
    """The fault as it was, planted: make ends its shell, and the shell's server runs on."""
    assert EXEC in MAKEFILE
    recipe = MAKEFILE.replace(EXEC, EXEC.removeprefix("exec ")).replace("serve $(ARGS)\n", "serve $(ARGS); true\n")
    server = serving(tmp_path, recipe)
    try:
        server.start()
        server.stop(signal.SIGTERM)
        assert is_there(server)
    finally:
        server.kill()
        left = re.search(r"process (\d+)", server.log)
        if left is not None:
            os.kill(int(left[1]), signal.SIGTERM)
