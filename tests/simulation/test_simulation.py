"""What must always hold, does in a cluster to which everything happens; and what is wrong there is found."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .planted import FAULTS

ROOT = Path(__file__).parents[2]
SEEDS, AT_ONCE = 200, 25
FOUND_AT = {
    "a poll misses a room": 41,
    "what is not known is called refused": 17,
    "too much passes for recovered": 48,
    "what was read blank stays whole in memory": 16439,
}
"""Where the search for a fault begins that is found late otherwise. Any seed will do, so a changed simulation needs no
other ones."""


def simulate(*options: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own: what makes runs repeatable is put in the place of what others use."""
    command = [sys.executable, "-m", "tests.simulation", *options]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)


@pytest.mark.parametrize("first", range(1, SEEDS, AT_ONCE))
def test_two_hundred_seeds(first: int) -> None:
    ended = simulate("--first", str(first), "--seeds", str(AT_ONCE))
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_same_seed_is_the_same_run() -> None:
    runs = {simulate("--first", "7", "--seeds", "3", "--verbose").stdout.rpartition("3 seeds")[0] for _ in range(2)}
    assert len(runs) == 1
    assert "digest" in runs.pop()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(fault: str) -> None:
    ended = simulate("--fault", fault, "--first", str(FOUND_AT.get(fault, 1)), "--seeds", "300")
    assert ended.returncode == 1, f"{fault}: not found\n{ended.stdout}{ended.stderr}"
    assert "AssertionError" in ended.stdout
