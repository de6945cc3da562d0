"""The distributions, built once from the repository."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*command: str | Path, cwd: Path) -> str:
    """What `command` printed; fails the test with all of it where the command fails."""
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=600, check=False)
    if result.returncode != 0:
        pytest.fail(f"{' '.join(map(str, command))}\n{result.stdout}\n{result.stderr}")
    return result.stdout


@pytest.fixture(scope="session")
def repository() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with a wheel and an sdist, both built from the repository."""
    return _build(tmp_path_factory.mktemp("distributions"), "--sdist", "--wheel")


@pytest.fixture(scope="session")
def wheel(distributions: Path) -> Path:
    return _only(distributions, "*.whl")


@pytest.fixture(scope="session")
def sdist(distributions: Path) -> Path:
    return _only(distributions, "*.tar.gz")


@pytest.fixture(scope="session")
def wheel_of_sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as a packager builds it, who has but the sdist."""
    return _only(_build(tmp_path_factory.mktemp("derived")), "*.whl")


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of commands of an environment that holds the wheel, what it needs (by the lock), and nothing else."""
    environment = tmp_path_factory.mktemp("empty") / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", environment, cwd=environment.parent)
    python = environment / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check")
    install = (*pip, "install", "--quiet", "--no-compile")
    run(*install, "--require-hashes", "--requirement", ROOT / "requirements.lock", cwd=environment)
    run(*install, "--no-deps", "--no-index", wheel, cwd=environment)
    run(*pip, "check", cwd=environment)
    return environment / "bin"


def _build(folder: Path, *what: str) -> Path:
    # Without isolation: the build back-end is among the pinned tools, so building asks no index.
    run(sys.executable, "-m", "build", "--no-isolation", *what, "--outdir", folder, ROOT, cwd=folder)
    return folder


def _only(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found
