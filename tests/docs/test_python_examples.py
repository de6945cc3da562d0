"""The Python examples run."""

from __future__ import annotations

import importlib
import inspect
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import anyio
import pytest
from sqlalchemy import Engine
from sqlmodel import SQLModel
from sqlmodel.main import default_registry

from ..support.shared_postgresql import database_with_tables
from .examples import ROOT, Example, chains, examples
from .running import environment

README = ROOT / "README.md"
RUFF = Path(sys.executable).with_name("ruff")


@pytest.fixture
def _clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty folder as the current one, no settings in the environment, and no module left behind."""
    known = set(sys.modules)
    for name in set(os.environ) - set(environment()):
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    for name in set(sys.modules) - known:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            _dispose_engines(sys.modules.pop(name))
    SQLModel.metadata.clear()  # the next example may define the same table anew
    default_registry.dispose()


def _dispose_engines(module: ModuleType) -> None:
    """As the end of a process does; from Python 3.13 on a connection that nobody closed is a warning."""
    for value in vars(module).values():
        if isinstance(value, Engine):
            value.dispose()


@pytest.fixture
def database_url() -> Iterator[str]:
    """A PostgreSQL database with Dialogue's tables."""
    with database_with_tables() as url:
        yield url


@pytest.mark.parametrize("chain", chains("python"), ids=lambda chain: chain[0].where)
@pytest.mark.usefixtures("_clean")
def test_a_python_example_runs(
    chain: tuple[Example, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Each chain of examples runs as pasted into a file, in a folder with the files that its page has shown."""
    module = ModuleType("example")
    monkeypatch.setitem(sys.modules, "example", module)
    if "postgresql" in chain[0].marks:
        monkeypatch.setenv("DATABASE_URL", request.getfixturevalue("database_url"))
    for example in chain:
        example.write_files(tmp_path)
        importlib.invalidate_caches()
        if example.file:
            imported = importlib.import_module(example.file.removesuffix(".py"))
            vars(module).update({name: value for name, value in vars(imported).items() if not name.startswith("__")})
            continue
        # Blank lines before it, so that a traceback names the line of the page.
        exec(compile("\n" * (example.line - 1) + example.code, str(example.page), "exec"), vars(module))
    for test in [value for name, value in vars(module).items() if name.startswith("test_")]:
        anyio.run(_call, test)
    _dispose_engines(module)


async def _call(test: Callable[[], object]) -> None:
    result = test()
    if inspect.isawaitable(result):
        await result


@pytest.mark.parametrize(
    "example", [found for found in examples("python") if found.page != README], ids=lambda example: example.where
)
def test_a_python_example_is_written_as_our_code_is(example: Example) -> None:
    """ruff finds nothing to format; the README's is the issue's, ten lines without a blank one too many."""
    done = subprocess.run(
        [RUFF, "format", "--config", ROOT / "pyproject.toml", "--diff", "-"],
        input=example.code,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{example.where}\n{done.stdout}{done.stderr}"
