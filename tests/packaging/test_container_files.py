"""What can be held of `Dockerfile` and `compose.yaml` where there is no engine: they name what there is."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
import typer.main
from packaging.specifiers import SpecifierSet
from typer.core import TyperGroup

from dialogue.entrypoints.cli.main import app
from dialogue.entrypoints.settings.settings import Settings

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = (ROOT / "compose.yaml").read_text(encoding="utf-8")


def test_the_image_s_python_is_one_that_the_package_takes() -> None:
    found = re.search(r"^FROM python:([\d.]+)", DOCKERFILE, re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert found is not None
    assert f"{found[1]}.0" in SpecifierSet(project["requires-python"])


def test_what_the_image_is_made_of_is_there() -> None:
    for source in re.findall(r"^COPY (\S+) ", DOCKERFILE, re.MULTILINE):
        assert (ROOT / source).exists(), source
    [lock] = re.findall(r"--require-hashes --requirement (\S+)", DOCKERFILE)
    assert "--hash=sha256:" in (ROOT / lock).read_text(encoding="utf-8")


def test_the_image_runs_a_command_that_the_program_has_where_it_is_looked_for() -> None:
    [entry] = re.findall(r"^ENTRYPOINT (.*)$", DOCKERFILE, re.MULTILINE)
    [command] = re.findall(r"^CMD (.*)$", DOCKERFILE, re.MULTILINE)
    assert json.loads(entry) == ["dialogue"]
    name, *options = json.loads(command)
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    known = {option for parameter in group.commands[name].params for option in parameter.opts}
    assert {option for option in options if option.startswith("--")} <= known
    [port] = re.findall(r"^EXPOSE (\d+)$", DOCKERFILE, re.MULTILINE)
    assert int(port) == Settings.model_fields["port"].default
    assert f"http://127.0.0.1:{port}/health/live" in DOCKERFILE
    assert f":{port} " in (ROOT / "docs/how-to/nginx.conf").read_text(encoding="utf-8")


def test_compose_sets_what_is_a_setting() -> None:
    variables = dict(re.findall(r"^\s+(DIALOGUE_\w+): \"?([^\"\n]+)\"?$", COMPOSE, re.MULTILINE))
    assert variables
    values = {name.removeprefix("DIALOGUE_").lower(): value for name, value in variables.items()}
    settings = Settings(**values)
    assert settings.bus == "postgres"
    assert settings.database.startswith("postgresql://")


@pytest.mark.parametrize("service", ["database", "node"])
def test_compose_s_services_are_those_that_are_named(service: str) -> None:
    assert re.search(rf"^  {service}:$", COMPOSE, re.MULTILINE)
    [proxy] = re.findall(r"- \./(\S+):/etc/nginx", COMPOSE)
    upstream = (ROOT / proxy).read_text(encoding="utf-8")
    assert {"database": f"@{service}/" in COMPOSE, "node": f"server {service}:" in upstream}[service]
