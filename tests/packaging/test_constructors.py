"""No constructor has more than six parameters: where one would, an object is missing."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
LAYERS = ("domain", "application", "adapters", "entrypoints")
MOST = 6


def _constructors() -> dict[str, int]:
    """How many parameters each has, `self` left out. A frozen value's fields are no parameters in this sense."""
    found = {}
    for path in (path for layer in LAYERS for path in (ROOT / layer).rglob("*.py")):
        for kind in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(kind, ast.ClassDef):
                for part in kind.body:
                    if isinstance(part, ast.FunctionDef) and part.name == "__init__":
                        given = [*part.args.posonlyargs, *part.args.args, *part.args.kwonlyargs]
                        found[f"{path.relative_to(ROOT)}: {kind.name}"] = len(given) - 1
    return found


def test_no_constructor_has_more_than_six_parameters() -> None:
    found = _constructors()
    assert len(found) > 60
    assert {name: count for name, count in found.items() if count > MOST} == {}
