"""Types reach from the schema of an event to its data, in code as users write it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from . import checkers

CODE = Path(__file__).parent / "code"
MARK = "# wrong"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Somebody's project, far from ours."""
    return Path(shutil.copytree(CODE, tmp_path / "project"))


def wrong_lines(folder: Path) -> set[tuple[str, int]]:
    """The lines that must be refused."""
    return {
        (path.name, number)
        for path in folder.glob("*.py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if line.endswith(MARK)
    }


def test_mypy_refuses_what_is_wrong_and_nothing_else(project: Path, pytestconfig: pytest.Config) -> None:
    found = checkers.mypy(project, pytestconfig.cache.mkdir("users_mypy") if pytestconfig.cache else project / "cache")
    assert found.keys() == wrong_lines(project), found
    assert len(found) > 20


def test_pyright_refuses_what_is_wrong_and_nothing_else(project: Path) -> None:
    found = checkers.pyright(project)
    assert found.keys() == wrong_lines(project), found
    assert len(found) > 20
