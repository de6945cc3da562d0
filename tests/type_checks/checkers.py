"""mypy and pyright, run over a folder as from outside: without this repository's settings."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

Found = dict[tuple[str, int], str]
"""What was found at each file and line."""

_LINE = re.compile(r"^(.+?):(\d+): error: (.*)$")


def mypy(folder: Path, cache: Path) -> Found:
    """What `mypy --strict` finds in the files of `folder`."""
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.py"))
    ended = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={cache}", *files],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode in (0, 1), f"{ended.stdout}{ended.stderr}"
    lines = [found for found in map(_LINE.match, ended.stdout.splitlines()) if found]
    assert bool(lines) == bool(ended.returncode), f"{ended.stdout}{ended.stderr}"
    return {(found.group(1), int(found.group(2))): found.group(3) for found in lines}


def pyright(folder: Path) -> Found:
    """What pyright finds in the files of `folder`, as strict as it can be."""
    settings = {"typeCheckingMode": "strict", "include": ["."]}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-m", "basedpyright", "--outputjson", "--pythonpath", sys.executable],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode in (0, 1), f"{ended.stdout}{ended.stderr}"
    told = json.loads(ended.stdout)
    assert told["summary"]["filesAnalyzed"] == len(list(folder.rglob("*.py"))), told["summary"]
    return {
        (str(Path(each["file"]).relative_to(folder)), each["range"]["start"]["line"] + 1): each["message"]
        for each in told["generalDiagnostics"]
        if each["severity"] == "error"
    }
