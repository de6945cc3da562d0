"""The Python examples pass `mypy --strict`, as they would in a project that is checked so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..type_checks import checkers
from .examples import ROOT, Example, chains, pages


class Module:
    """A module that is made of examples: each line stands where it stands on its page."""

    def __init__(self, name: str, page: Path) -> None:
        self.name = name
        self.page = page
        self.text = ""

    def add(self, code: str, line: int) -> None:
        """Go on with `code`, which begins at `line` of the page."""
        self.text += "\n" * (line - 1 - self.text.count("\n")) + code


def modules(page: Path, number: int) -> Iterator[Module]:
    """The modules of a page, under names that no other page's have; they import one another by these."""
    files: dict[str, str] = {}
    for chain in chains("python"):
        if chain[0].page == page:
            module = Module(f"page_{number}_line_{chain[0].line}", page)
            for example in chain:
                module.add(_renamed(example.code, files), example.line)
                files.update(_file(example, module))
            yield module


def _file(example: Example, module: Module) -> dict[str, str]:
    return {} if example.file is None else {example.file.removesuffix(".py"): module.name}


def _renamed(code: str, files: dict[str, str]) -> str:
    for file, name in files.items():
        code = re.sub(rf"^from {file} import ", f"from {name} import ", code, flags=re.MULTILINE)
    return code


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> dict[Path, list[str]]:
    """What mypy finds on each page."""
    folder = tmp_path_factory.mktemp("examples")
    made = {f"{each.name}.py": each for number, page in enumerate(pages()) for each in modules(page, number)}
    assert len(made) > 30
    for name, module in made.items():
        (folder / name).write_text(module.text, encoding="utf-8")
    cache = pytestconfig.cache.mkdir("users_mypy") if pytestconfig.cache else folder / "cache"
    told: dict[Path, list[str]] = {}
    for (name, line), message in checkers.mypy(folder, cache).items():
        page = made[name].page
        told.setdefault(page, []).append(f"{page.relative_to(ROOT)}:{line}: {message}")
    return told


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_the_python_examples_of_a_page_pass_the_strict_type_checker(page: Path, found: dict[Path, list[str]]) -> None:
    """Each line of them, where the page has it."""
    assert found.get(page, []) == []
