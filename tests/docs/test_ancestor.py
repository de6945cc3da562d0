"""The page of the ancestor's features names tests that exist."""

from __future__ import annotations

import ast
import re

import pytest

from .examples import ROOT
from .test_reference import quoted, reference, rows

ROWS = [row for row in rows(reference("ancestor.md")) if row[2] != "shown by"]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_feature_is_shown_by_a_test_that_exists(row: list[str]) -> None:
    (named,) = quoted(row[2])
    found = re.fullmatch(r"(tests/[\w/]+\.py)::(test_\w+)", named)
    assert found is not None, named
    tree = ast.parse((ROOT / found[1]).read_text(encoding="utf-8"))
    there = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    assert found[2] in there, named


def test_there_are_features() -> None:
    assert len(ROWS) > 30
