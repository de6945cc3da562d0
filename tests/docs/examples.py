"""Finding the examples of README and docs.

Every fenced block is an example, and its language says how it is tested:

| language | test |
| --- | --- |
| `python` | is run as pasted into a file, its functions `test_…` are called, and `mypy --strict` reads it |
| `console`, `sh` | each command is checked; `dialogue serve`, other servers and `curl` are really run |
| `dotenv` | is read as settings |
| `json` | is parsed |
| `wire` | `>` lines are sent to a real server, which must answer with the `<` lines |
| `js` | is run in Chromium against a real server and its `client.js` |
| `mjs` | is run under Node against a real server, with the packages of tests/node |
| `html` | is the page that a `js` example of the same page runs in, where both are files |
| `text`, `nginx`, `caddyfile`, `yaml`, `ini`, `sql` | is only shown |

A comment before a block says more, as in `<!-- test: file chat.py, continues -->`:

- `file NAME`: it is the file NAME, which all later examples of the page find in their folder. Python files
  are imported.
- `continues`: it goes on where the block of that language before it ended.
- `at PATH`: where a host application of a `uvicorn` example has mounted Dialogue.
- `postgresql`: a `python` example finds the address of a PostgreSQL database with Dialogue's tables in `DATABASE_URL`.
- `serves TARGET`: a `js`, `wire` or `curl` example talks to `dialogue serve TARGET` (default: the bundled chat).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
SHOWN_ONLY = frozenset({"text", "nginx", "caddyfile", "yaml", "ini", "sql"})
TESTED = frozenset({"python", "console", "sh", "dotenv", "json", "wire", "js", "mjs", "html"})

_MARK = re.compile(r"<!--\s*test:(.*?)-->", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One fenced block: `line` is that of its first line of code, `files` are those that the page showed before it."""

    page: Path
    line: int
    language: str
    code: str
    marks: Mapping[str, str]
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def where(self) -> str:
        """As people and terminals write it."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def continues(self) -> bool:
        """Whether it goes on where the block of its language before it ended."""
        return "continues" in self.marks

    @property
    def file(self) -> str | None:
        """The name of the file that it is."""
        return self.marks.get("file")

    def write_files(self, folder: Path) -> None:
        """Write what the page showed before, and the example itself where it is a file."""
        own = {self.file: self.code} if self.file else {}
        for name, content in {**self.files, **own}.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(content, encoding="utf-8")


def pages() -> list[Path]:
    """Every page that people read."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


@cache
def tokens(page: Path) -> tuple[Token, ...]:
    """The page as markdown-it reads it."""
    return tuple(MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8")))


def examples(*languages: str) -> list[Example]:
    """All examples of these languages (none: of any)."""
    return [found for page in pages() for found in _examples(page) if not languages or found.language in languages]


def chains(language: str) -> list[tuple[Example, ...]]:
    """The examples of a language, each together with those that continue it."""
    found: list[tuple[Example, ...]] = []
    for example in examples(language):
        if example.continues:
            found[-1] = (*found[-1], example)
        else:
            found.append((example,))
    return found


@cache
def _examples(page: Path) -> tuple[Example, ...]:
    return tuple(_found(page))


def _found(page: Path) -> Iterator[Example]:
    files: dict[str, str] = {}
    marks: dict[str, str] = {}
    for token in tokens(page):
        if token.type == "fence":
            assert token.map is not None
            example = Example(
                page=page,
                line=token.map[0] + 2,
                language=token.info.strip(),
                code=token.content,
                marks=marks,
                files=dict(files),
            )
            yield example
            if example.file:
                files[example.file] = example.code
            marks = {}
        elif token.type == "html_block":
            marks = _marks(token.content)


def _marks(comment: str) -> dict[str, str]:
    found = _MARK.search(comment)
    if found is None:
        return {}
    words = [mark.strip().partition(" ") for mark in found.group(1).split(",")]
    return {name: argument.strip() for name, _, argument in words}
