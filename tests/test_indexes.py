"""The folders of tests that have machinery of their own have an index that names all of it."""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parent


@pytest.mark.parametrize("folder", ["faults", "invariants", "simulation"])
def test_an_index_names_every_file_and_no_other(folder: str) -> None:
    index = (TESTS / folder / "__init__.py").read_text(encoding="utf-8")
    quoted = {word.removesuffix(".py") for word in index.split("`")[1::2] if "/" not in word}
    there = {path.stem for path in (TESTS / folder).glob("*.py")} - {"__init__"}
    assert quoted | {"conftest"} == there | {"conftest"}
