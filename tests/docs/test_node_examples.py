"""The examples for Node run there, with the npm packages that tests/node pins, against a real server."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from ..support.node import FOLDER, node_command
from .examples import Example, chains
from .running import dialogue, process

PATIENCE_S = 30


@pytest.mark.parametrize("chain", chains("mjs"), ids=lambda chain: chain[0].where)
def test_an_example_for_node_runs(chain: tuple[Example, ...], tmp_path: Path) -> None:
    """It runs to its end, with nothing that fails."""
    last = chain[-1]
    last.write_files(tmp_path)
    arguments = [target] if (target := last.marks.get("serves")) else []
    command = dialogue("serve", *arguments, "--port", "0", "--database", "memory://")
    with process(command, tmp_path) as served:
        code = "\n".join(example.code for example in chain)
        code = re.sub(r"(127\.0\.0\.1|localhost):3000", served.address, code)
        node, _ = node_command("")
        done = subprocess.run(
            [node, "--input-type=module", "-"],
            input=code,
            cwd=FOLDER,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
    assert done.returncode == 0, f"{last.where}: {done.stderr}"
    assert done.stdout, f"{last.where}: it says nothing"
