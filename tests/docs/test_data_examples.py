"""The examples that are data: settings, JSON, and conversations over the wire."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from dialogue.entrypoints.settings.environment import ENV_PREFIX
from dialogue.entrypoints.settings.settings import Settings

from .examples import SHOWN_ONLY, TESTED, Example, chains, examples
from .running import dialogue, process

ANYTHING = "…"
VARYING = frozenset({"timestamp", "clientId", "epoch"})
ANSWER_S = 30.0


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.where)
def test_an_example_has_a_language_that_says_how_it_is_tested(example: Example) -> None:
    """A block without a language, or in an unknown one, would be tested by nobody."""
    assert example.language in TESTED | SHOWN_ONLY


@pytest.mark.parametrize("example", examples("json"), ids=lambda example: example.where)
def test_a_json_example_is_json(example: Example) -> None:
    """It parses."""
    json.loads(example.code)


@pytest.mark.parametrize("example", examples("dotenv"), ids=lambda example: example.where)
def test_a_dotenv_example_sets_what_it_names(example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every variable is a setting, and takes the value."""
    file = tmp_path / ".env"
    file.write_text(example.code, encoding="utf-8")
    lines = [line for line in example.code.splitlines() if line and not line.startswith("#")]
    names = {line.partition("=")[0].removeprefix(ENV_PREFIX).lower() for line in lines}
    for name in names:
        monkeypatch.delenv(ENV_PREFIX + name.upper(), raising=False)
    settings = Settings(_env_file=file)
    assert settings.model_fields_set == names


@pytest.mark.parametrize("chain", chains("wire"), ids=lambda chain: chain[0].where)
def test_a_conversation_of_the_docs_takes_place(chain: tuple[Example, ...], tmp_path: Path) -> None:
    """A fresh server answers the `>` lines with the `<` lines."""
    first = chain[0]
    first.write_files(tmp_path)
    arguments = [target] if (target := first.marks.get("serves")) else []
    command = dialogue("serve", *arguments, "--port", "0", "--database", "memory://")
    with process(command, tmp_path) as served, connect(f"ws://{served.address}/ws") as socket:
        epoch = ANYTHING
        for example in chain:
            epoch = _converse(example, socket, epoch)


def _converse(example: Example, socket: ClientConnection, epoch: str) -> str:
    """Talk; `EPOCH` stands for the epoch that the server named last, which is given back."""
    for number, line in enumerate(example.code.splitlines(), example.line):
        if line.startswith("> "):
            socket.send(line[2:].replace("EPOCH", epoch))
        elif line.startswith("< "):
            answer = json.loads(socket.recv(ANSWER_S))
            epoch = answer.get("position", {}).get("epoch", epoch)
            expected = json.loads(line[2:])
            assert _alike(expected, answer), f"{example.page.name}:{number}: the answer is {json.dumps(answer)}"
    return epoch


def _alike(expected: Any, found: Any, name: str = "") -> bool:
    if expected == ANYTHING:
        return True
    if name in VARYING:
        return type(expected) is type(found)
    if isinstance(expected, dict) and isinstance(found, dict):
        return list(expected) == list(found) and all(_alike(expected[key], found[key], key) for key in expected)
    if isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(map(_alike, expected, found))
    return bool(expected == found)
