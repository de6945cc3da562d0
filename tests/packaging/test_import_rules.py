"""The rules for imports bite: each is violated once, in a copy, and must be noticed there.

A linter that sees no files, or that forgot a contract, is as green as one that found nothing.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
LAYERS = ("domain", "application", "adapters", "entrypoints")
PLANTED = "planted.py"

POINT_INWARDS = "Imports point inwards: entrypoints, adapters, application, domain"
ADAPTERS_APART = "Adapters never import one another"
PURE_DOMAIN = "The domain knows no framework, no loop and no IO"
PLAIN_APPLICATION = "The application knows no framework but anyio"
ONE_CONTAINER = "dependency-injector is known to the container alone"
CONTRACTS = {POINT_INWARDS, ADAPTERS_APART, PURE_DOMAIN, PLAIN_APPLICATION, ONE_CONTAINER}

VIOLATIONS = {
    "the domain imports an adapter": ("domain", "from ..adapters import memory", POINT_INWARDS),
    "the domain imports a service": ("domain", "from ..application import journal", POINT_INWARDS),
    "a service imports an adapter": ("application", "from ..adapters import memory", POINT_INWARDS),
    "an adapter imports an entrypoint": ("adapters/memory", "from ...entrypoints import settings", POINT_INWARDS),
    "an adapter imports another": ("adapters/memory", "from .. import litestar", ADAPTERS_APART),
    "the wire imports an adapter": ("adapters/wire", "from .. import litestar", ADAPTERS_APART),
    "an adapter behind the services imports the wire": ("adapters/memory", "from ..wire import frames", ADAPTERS_APART),
    "the domain imports asyncio": ("domain", "import asyncio", PURE_DOMAIN),
    "a port imports a database": ("domain/ports", "import sqlite3", PURE_DOMAIN),
    "a service imports a framework": ("application", "from litestar import get", PLAIN_APPLICATION),
    "an adapter imports the injector": ("adapters/memory", "import dependency_injector", ONE_CONTAINER),
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The package and its configuration, in a place where one may plant."""
    for layer in LAYERS:
        shutil.copytree(ROOT / layer, tmp_path / layer, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("__init__.py", "pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / ".links").mkdir()
    (tmp_path / ".links" / "dialogue").symlink_to("..")
    return tmp_path


def broken_contracts(copy: Path) -> set[str]:
    """The names of the contracts that import-linter finds broken in `copy`."""
    result = subprocess.run(
        [BIN / "lint-imports", "--no-cache", "--no-logo"],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy / ".links"), "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    verdicts = re.findall(r"^(.+) (KEPT|BROKEN)(?: \(\d+ ignored imports?\))?$", result.stdout, re.MULTILINE)
    assert {name for name, _ in verdicts} == CONTRACTS, result.stdout + result.stderr
    broken = {name for name, verdict in verdicts if verdict == "BROKEN"}
    assert (result.returncode != 0) == bool(broken)
    return broken


def ruff_codes(copy: Path, source: str) -> set[str]:
    """What ruff, as the project has set it up, says about a file of `source` in the application."""
    (copy / "application" / PLANTED).write_text(source, encoding="utf-8")
    result = subprocess.run(
        [BIN / "ruff", "check", "--no-cache", "--output-format=concise", f"application/{PLANTED}"],
        cwd=copy,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    return set(re.findall(r": ([A-Z]+[0-9]+) ", result.stdout))


def test_the_package_itself_keeps_every_contract(copy: Path) -> None:
    assert broken_contracts(copy) == set()


@pytest.mark.parametrize("violation", VIOLATIONS)
def test_a_planted_import_is_caught_when(violation: str, copy: Path) -> None:
    folder, source, contract = VIOLATIONS[violation]
    (copy / folder / PLANTED).write_text(f'"""Planted."""\n\n{source}\n', encoding="utf-8")
    assert contract in broken_contracts(copy)


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("form", ["import {layer}\n", "from {layer} import planted\n", "import {layer}.planted\n"])
def test_a_bare_import_of_a_layer_which_would_load_a_second_copy_is_caught(layer: str, form: str, copy: Path) -> None:
    assert "TID251" in ruff_codes(copy, form.format(layer=layer))


@pytest.mark.parametrize("source", ["from ..domain import room\n", "from dialogue.domain import room\n"])
def test_the_two_right_ways_to_import_a_layer_are_let_through(source: str, copy: Path) -> None:
    assert "TID251" not in ruff_codes(copy, source)


def test_every_adapter_is_under_the_contract_that_keeps_adapters_apart() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = {contract["name"]: contract for contract in project["tool"]["importlinter"]["contracts"]}
    there = {
        f"dialogue.adapters.{path.stem}"
        for path in (ROOT / "adapters").iterdir()
        if path.suffix == ".py" or any(path.glob("*.py"))
    }
    assert there - {"dialogue.adapters.__init__"} == set(contracts[ADAPTERS_APART]["modules"])
