"""Links between the pages lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest
from markdown_it.token import Token

from .examples import ROOT, pages, tokens


def _inline(page: Path) -> Iterator[Token]:
    for token in tokens(page):
        yield from token.children or ()


def links() -> list[tuple[Path, str]]:
    """Every link and picture to a place in this repository."""
    found = []
    for page in pages():
        for token in _inline(page):
            target = token.attrs.get("href") or token.attrs.get("src")
            if target and not re.match(r"[a-z]+:", str(target)):
                found.append((page, str(target)))
    return found


@cache
def anchors(page: Path) -> frozenset[str]:
    """The anchors that a page's headings get, as GitHub makes them."""
    found = list(tokens(page))
    headings = [found[place + 1].content for place, token in enumerate(found) if token.type == "heading_open"]
    return frozenset(re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings)


@pytest.mark.parametrize(("page", "target"), links(), ids=lambda value: str(value).removeprefix(f"{ROOT}/"))
def test_a_link_leads_to_a_page_and_a_heading_that_exist(page: Path, target: str) -> None:
    """Also the part behind `#`."""
    path, _, anchor = unquote(target).partition("#")
    file = (page.parent / path).resolve() if path else page
    assert file.is_relative_to(ROOT), "leads out of the repository"
    assert file.exists()
    if anchor:
        assert anchor in anchors(file)


def test_every_page_of_the_docs_can_be_reached() -> None:
    """From the README, over links."""
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached:
            continue
        reached.add(page)
        targets = [(page.parent / target.partition("#")[0]).resolve() for origin, target in links() if origin == page]
        waiting += [target for target in targets if target.suffix == ".md"]
    assert set(pages()) <= reached


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_names_a_place_of_somebodys_machine(page: Path) -> None:
    """Paths of a home folder, and addresses of an index that only one network has."""
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"/(root|home|work|Users)/\w|pypi\.|index-url|extra-index", text)
