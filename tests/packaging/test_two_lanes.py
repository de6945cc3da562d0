"""That of two processes one alone takes the crowds, one after the other, and that nothing is left out."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONFTEST = """
from tests.support.two_lanes import TwoLanes

def pytest_xdist_make_scheduler(config, log):
    return TwoLanes(config, log)
"""
TEST = """
import os
from pathlib import Path

def test_it():
    Path(__file__).with_suffix(".ran").write_text(os.environ["PYTEST_XDIST_WORKER"])
"""
CROWDS = [f"tests/{folder}/test_{number}" for folder in ("faults", "nodes") for number in range(3)]
OTHERS = [f"tests/{folder}/test_{number}" for folder in ("adapters", "docs", "simulation") for number in range(3)]


def run_in_two(folder: Path, files: list[str]) -> dict[str, str]:
    """Who ran each of the files."""
    (folder / "conftest.py").write_text(CONFTEST)
    for name in files:
        path = folder / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(TEST)
    command = [sys.executable, "-m", "pytest", "--numprocesses=2", "--import-mode=importlib", f"--rootdir={folder}"]
    mine = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    ended = subprocess.run(
        [*command, "-p", "no:cacheprovider", "tests"],
        cwd=folder,
        env={**mine, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return {name: (folder / f"{name}.ran").read_text() for name in files}


def test_the_first_process_alone_takes_the_crowds(tmp_path: Path) -> None:
    ran = run_in_two(tmp_path, CROWDS + OTHERS)
    (first,) = {ran[name] for name in CROWDS}
    assert ran["tests/simulation/test_0"] != first


def test_where_there_are_crowds_alone_the_second_has_nothing_to_do(tmp_path: Path) -> None:
    assert len(set(run_in_two(tmp_path, CROWDS).values())) == 1


def test_where_there_are_none_both_take_them(tmp_path: Path) -> None:
    assert set(run_in_two(tmp_path, OTHERS).values()) == {"gw0", "gw1"}
