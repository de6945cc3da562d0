"""The commands that the docs show exist, and what they start serves."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import typer.main
from typer.core import TyperGroup

from dialogue.entrypoints.cli.main import app
from dialogue.entrypoints.settings.environment import ENV_PREFIX
from dialogue.entrypoints.settings.settings import Settings

from ..support.forked import run_process
from ..support.server_process import DEADLINE_S
from .examples import ROOT, Example, examples
from .running import dialogue, environment, process

OF_THE_SYSTEM = frozenset({"cd", "git", "pip", "python", "python3", "mkdir", "cp", "mv", "sqlite3", "nginx", "ls"})
SERVERS = frozenset({"uvicorn", "litestar", "gunicorn"})
_ASSIGNMENT = re.compile(r"([A-Z_]+)=(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command of an example, with the variables that stand before it."""

    example: Example
    words: tuple[str, ...]
    env: dict[str, str]

    @property
    def name(self) -> str:
        """The program, without the folder it is in."""
        return Path(self.words[0]).name


def commands() -> list[Command]:
    """Every command of every example."""
    return [command for example in examples("console", "sh") for command in _commands(example)]


def _commands(example: Example) -> Iterator[Command]:
    code = example.code.replace("\\\n", " ")
    lines = [line for line in code.splitlines() if line.strip()]
    if example.language == "console":
        lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    for line in lines:
        words = shlex.split(line, comments=True)
        env: dict[str, str] = {}
        if words[:1] == ["export"]:
            words = words[1:]
        while words and (assignment := _ASSIGNMENT.fullmatch(words[0])):
            env[assignment.group(1)] = assignment.group(2)
            words = words[1:]
        if words[1:3] == ["-m", "dialogue"]:
            words = words[2:]
        if words or env:
            yield Command(example=example, words=tuple(words) or ("export",), env=env)


def _parse(words: list[str]) -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    if words in (["--help"], ["--version"]):
        return
    with group.make_context("dialogue", list(words)) as context:
        name, command, arguments = group.resolve_command(context, words)
        assert command is not None
        assert command.make_context(name, arguments, parent=context)


def _id(command: Command) -> str:
    return f"{command.example.where}: {' '.join(command.words)[:60]}"


@pytest.mark.parametrize("command", commands(), ids=_id)
def test_a_command_exists_and_takes_what_the_example_gives_it(command: Command) -> None:
    """A target of the Makefile, an option of `dialogue`, a setting in the environment."""
    for name in command.env:
        assert name.removeprefix(ENV_PREFIX).lower() in Settings.model_fields, f"{name} is no setting"
    if command.name == "make":
        targets = re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert command.words[1] in targets
    elif command.name == "dialogue":
        _parse(list(command.words[1:]))
    else:
        assert command.name in OF_THE_SYSTEM | SERVERS | {"curl", "export"}, "write what cannot run as `text`"


@pytest.mark.parametrize(
    "command", [found for found in commands() if found.name == "dialogue" and found.words[1] == "serve"], ids=_id
)
def test_a_server_of_the_docs_serves(command: Command, tmp_path: Path) -> None:
    """`dialogue serve …` starts with the page's files, answers, and stops with status 0."""
    command.example.write_files(tmp_path)
    with process(dialogue(*_on_free_port(command.words[1:])), tmp_path, command.env) as served:
        assert httpx.get(f"http://{served.address}/health/ready").status_code == 200


@pytest.mark.parametrize(
    "command",
    [found for found in commands() if found.name == "dialogue" and found.words[1] != "serve"],
    ids=_id,
)
def test_a_command_of_the_docs_that_ends_ends_well(command: Command, tmp_path: Path) -> None:
    """`dialogue migrate`, `dialogue doctor` on a database that is there, `--version`, `--help`."""
    command.example.write_files(tmp_path)
    if command.words[1] == "doctor":
        (tmp_path / "chat.db").touch()
    done = run_process(dialogue(*command.words[1:]), tmp_path, environment(), DEADLINE_S)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", [found for found in commands() if found.name in SERVERS], ids=_id)
def test_another_server_of_the_docs_serves(command: Command, tmp_path: Path) -> None:
    """`uvicorn …`, `litestar …` and `gunicorn …` run the same application."""
    command.example.write_files(tmp_path)
    program = str(Path(sys.executable).with_name(command.name))
    mounted_at = command.example.marks.get("at", "")
    with process([program, *_on_free_port(command.words[1:])], tmp_path, command.env) as served:
        assert httpx.get(f"http://{served.address}{mounted_at}/health/ready").status_code == 200


@pytest.mark.parametrize(
    "command",
    [found for found in commands() if found.words[-1] in found.example.files and found.name == "python"],
    ids=_id,
)
def test_a_script_of_the_docs_runs(command: Command, tmp_path: Path) -> None:
    """`python FILE`, where the page has shown the file."""
    command.example.write_files(tmp_path)
    done = subprocess.run(
        [sys.executable, *command.words[1:]],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "example",
    [each for each in examples("console", "sh") if any(found.name == "curl" for found in _commands(each))],
    ids=lambda example: example.where,
)
def test_the_requests_of_an_example_are_answered(example: Example, tmp_path: Path) -> None:
    """Each `curl …` gets an answer below 400, one after the other, from a server that is fresh for the example."""
    example.write_files(tmp_path)
    target = example.marks.get("serves")
    arguments = [target] if target else []
    with process(dialogue("serve", *arguments, "--port", "0", "--database", "memory://"), tmp_path) as served:
        for command in _commands(example):
            if command.name == "curl":
                response = _curl(command.words[1:], served.address)
                assert response.status_code < 400, f"{_id(command)}: {response.text}"


JSON, FORM = "application/json", "application/x-www-form-urlencoded"


def _curl(words: tuple[str, ...], address: str) -> httpx.Response:
    method, url, content = "GET", "", None
    headers: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        if word in ("-X", "--request"):
            method = next(rest)
        elif word in ("-H", "--header"):
            name, _, value = next(rest).partition(":")
            headers[name] = value.strip()
        elif word in ("-d", "--data", "--json"):
            method, content = "POST", next(rest)
            headers.setdefault("Content-Type", JSON if word == "--json" else FORM)
        elif word in ("-o", "--output"):
            next(rest)
        elif not word.startswith("-"):
            url = word
    url = re.sub(r"(127\.0\.0\.1|localhost):\d+", address, url)
    with httpx.stream(method, url, headers=headers, content=content) as response:
        if "-N" in words and response.is_success:
            assert next(response.iter_lines()), "a stream begins with a message"  # and has no end
        else:
            response.read()
    return response


def _on_free_port(words: tuple[str, ...]) -> list[str]:
    kept = list(words)
    if "--bind" in kept:
        kept[kept.index("--bind") + 1] = "127.0.0.1:{port}"
        return kept
    while "--port" in kept:
        place = kept.index("--port")
        del kept[place : place + 2]
    if "--host" in kept:
        kept[kept.index("--host") + 1] = "127.0.0.1"
    return [*kept, "--port", "0"]
