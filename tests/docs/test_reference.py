"""The reference says what the code says: settings, options, names, codes, tables."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import typer.main
from pydantic import SecretStr
from typer.core import TyperGroup

import dialogue
from dialogue.adapters.litestar.problems import STATUS
from dialogue.adapters.sqlmodel.postgresql import publish_rules, server_identity
from dialogue.adapters.sqlmodel.tables import metadata
from dialogue.application.dialogue import RoomHandle
from dialogue.domain import errors
from dialogue.entrypoints.cli.main import app
from dialogue.entrypoints.cli.options import option_name
from dialogue.entrypoints.dialogue_app import DialogueApp
from dialogue.entrypoints.settings.environment import ENV_PREFIX
from dialogue.entrypoints.settings.settings import Settings
from dialogue.entrypoints.settings.types import new_node_id

from .examples import ROOT

REFERENCE = ROOT / "docs" / "reference"
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
OWN_CODES = {
    "DISCONNECTED",
    "CONFIGURATION",
    "INTERNAL",
    "PAYLOAD_MISMATCH",
    "REDACTED",
    "TRANSACTION_CONFLICT",
}  # never sent to a client as an answer


def reference(name: str) -> str:
    """A page of the reference."""
    return (REFERENCE / name).read_text(encoding="utf-8")


def rows(page: str) -> list[list[str]]:
    """The cells of all rows of all tables of a page."""
    lines = [line for line in page.splitlines() if line.startswith("| ") and not line.startswith("| ---")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def section(page: str, heading: str) -> str:
    """What stands below a heading, up to the next one of the same level."""
    level = heading.partition(" ")[0]
    after = page.partition(f"{heading}\n")[2]
    assert after, f"no heading {heading!r}"
    return re.split(rf"^{level} ", after, maxsplit=1, flags=re.MULTILINE)[0]


def quoted(text: str) -> list[str]:
    """What stands between backticks."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


OF_POSTGRESQL = {
    "dialogue_rooms": ["moved"],
    "dialogue_leases": ["node_id", "until", "life"],
    "dialogue_crowds": ["room_id", "node_id", "sessions", "users", "life", "number", "said_at"],
    "dialogue_removals": ["removal_id", "user_id", "room_id", "reason", "removed_at", "moved"],
    "dialogue_turns": ["work", "node_id", "until"],
}
"""Columns that are there alone, and not in the classes."""


def test_the_settings_page_lists_every_setting_in_order() -> None:
    """And no other."""
    names = [quoted(row[0])[0] for row in rows(reference("settings.md"))[1:]]
    assert names == [ENV_PREFIX + name.upper() for name in Settings.model_fields]


@pytest.mark.parametrize("row", rows(reference("settings.md"))[1:], ids=lambda row: row[0])
def test_the_settings_page_has_default_and_bounds_of_a_setting(row: list[str]) -> None:
    """As `Settings` has them."""
    field = Settings.model_fields[quoted(row[0])[0].removeprefix(ENV_PREFIX).lower()]
    if quoted(row[1]):
        default = field.get_default(call_default_factory=True)
        shown = default.get_secret_value() if isinstance(default, SecretStr) else default
        assert json.loads(quoted(row[1])[0]) == shown
    else:
        assert field.default_factory is new_node_id  # another one at each start
    choices = get_args(field.annotation)
    if choices and all(isinstance(choice, str) for choice in choices):
        assert quoted(row[2]) == list(choices)
    bounds = [*_bounds(field.metadata)]
    assert [float(number) for number in re.findall(r"\d+", row[2])] == bounds
    assert len(row[3]) > 20


def _bounds(constraints: list[Any]) -> Iterator[float]:
    for name in ("gt", "ge", "le"):
        yield from (getattr(found, name) for found in constraints if hasattr(found, name))


def test_the_command_line_page_lists_every_command_and_option() -> None:
    """And no option that does not exist; those for settings are named by the page of settings."""
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    page = reference("command-line.md")
    for name, command in group.commands.items():
        options = {option for parameter in command.params for option in parameter.opts if option.startswith("--")}
        mentioned = set(re.findall(r"--[a-z]+(?:-[a-z]+)*", section(page, f"## `dialogue {name}`")))
        assert mentioned >= options - {option_name(setting) for setting in Settings.model_fields}
        assert mentioned <= options | {"--help"}


def test_the_python_page_describes_every_public_name() -> None:
    """Each has a heading, and there is none for what is not public."""
    headings = re.findall(r"^##+ `(\w+)", reference("python.md"), re.MULTILINE)
    assert sorted(headings) == sorted(dialogue.__all__)


@pytest.mark.parametrize("name", [name for name in dialogue.__all__ if name != "__version__"])
def test_the_python_page_has_the_parameters_of_what_it_describes(name: str) -> None:
    """Where a heading shows a signature, it has the real parameters and defaults."""
    heading = re.search(rf"^##+ `{name}\((.*)\)`$", reference("python.md"), re.MULTILINE)
    if heading is None:
        return
    signature = inspect.signature(getattr(dialogue, name))
    shown = inspect.signature(eval(f"lambda {heading.group(1)}: None"))
    real = {(given.name, str(given.default)) for given in signature.parameters.values()}
    assert {(given.name, str(given.default)) for given in shown.parameters.values()} == real


@pytest.mark.parametrize("described", [DialogueApp, RoomHandle])
def test_the_python_page_has_every_public_member(described: type) -> None:
    """Of what `create_dialogue` and `room` return."""
    shown = " ".join(row[0] for row in rows(reference("python.md")))
    members = {name for kind in described.__mro__[:-1] for name in (*vars(kind), *getattr(kind, "__annotations__", ()))}
    for name in members:
        if not name.startswith("_"):
            assert re.search(rf"`(await )?{name}\b", shown) or name in ("id",), f"{described.__name__}.{name}"


def test_the_wire_page_has_every_error_code() -> None:
    """All that this version answers with, and none that it does not."""
    codes = {kind.code for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "code")}
    table = rows(section(reference("wire-protocol.md"), "## Errors"))[1:]
    assert {quoted(row[0])[0] for row in table} == codes - OWN_CODES


def test_the_http_page_has_the_status_of_every_error_code() -> None:
    """As the adapter's own table has it."""
    table = rows(section(reference("http.md"), "## Errors"))[1:]
    assert {code: int(row[0]) for row in table for code in re.findall(r"`([A-Z_]+)`", row[1])} == STATUS


def test_the_tables_page_has_every_table_and_column() -> None:
    """As the adapter defines them, whether they are in use yet or not."""
    page = reference("tables.md")
    tables = {**metadata.tables, **publish_rules.metadata.tables, **server_identity.metadata.tables}
    assert tables.keys() <= set(quoted(page))
    for name in re.findall(r"^## `(\w+)`", page, re.MULTILINE):
        shown = [found for row in rows(section(page, f"## `{name}`"))[1:] for found in quoted(row[0])]
        of_both = tables[name].columns.keys() if name in tables else []
        assert shown == [*of_both, *OF_POSTGRESQL.get(name, ())]


def test_the_client_page_has_every_member_of_its_types() -> None:
    """Those of the client and of a room, as `client.d.ts` declares them."""
    types = (ROOT / "entrypoints" / "web" / "client.d.ts").read_text(encoding="utf-8")
    shown = " ".join(quoted(reference("client-js.md")))
    for interface in ("DialogueClient", "Room", "DialogueClientOptions"):
        body = types.partition(f"export interface {interface} {{")[2].partition("\n}")[0]
        for name in re.findall(r"^  (?:readonly )?(\w+)[<(?:]", body, re.MULTILINE):
            assert re.search(rf"\b{name}\b", shown), f"{interface}.{name}"


def test_the_readme_shows_the_ten_lines_that_are_promised() -> None:
    """Word for word."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert (Path(__file__).parent / "ten_lines.txt").read_text(encoding="utf-8") in readme


def test_the_picture_of_the_page_is_small() -> None:
    """A clone should not carry megabytes for it."""
    assert (ROOT / "docs" / "images" / "page.png").stat().st_size < 200_000


def test_decisions_are_numbered_without_a_hole() -> None:
    """From 0001 on, and each heading has the number of its file."""
    assert [record.name[:4] for record in DECISIONS] == [f"{number:04}" for number in range(1, len(DECISIONS) + 1)]
    assert all(record.read_text().startswith(f"# {record.name[:4]}: ") for record in DECISIONS)


@pytest.mark.parametrize("record", DECISIONS, ids=lambda record: str(record.stem))
def test_a_decision_has_its_three_parts(record: Path) -> None:
    """Context, decision, consequences."""
    headings = re.findall(r"^## (.+)$", record.read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[:3] == ["Context", "Decision", "Consequences"]
