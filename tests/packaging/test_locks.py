"""The locks pin everything by version and hash, fit the ranges, and name no address and no machine."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")


def entries(lock: str) -> list[str]:
    """What pip reads: the requirements, each on one line with its options."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / lock).read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [line for line in text.replace("\\\n", " ").splitlines() if line.strip()]


def pinned(lock: str) -> dict[str, Requirement]:
    requirements = [Requirement(entry.split("--hash=")[0]) for entry in entries(lock)]
    return {requirement.name: requirement for requirement in requirements}


def ranges(*, with_tools: bool) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    tools = project["optional-dependencies"]["dev"] if with_tools else []
    return [Requirement(text) for text in project["dependencies"] + tools]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_entry_of_a_lock_has_one_version_and_hashes(lock: str) -> None:
    form = re.compile(r"[a-z0-9-]+==[0-9][^ ;]*( ; [^-]+)?( +--hash=sha256:[0-9a-f]{64})+ *")
    assert [entry[:60] for entry in entries(lock) if not form.fullmatch(entry)] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_address_and_no_path(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert re.findall(r"\S*://\S*|^-.*|(?<![\w.-])/\w\S*|\S*index\S*|\S*trusted\S*", text, re.MULTILINE) == []


@pytest.mark.parametrize(("lock", "with_tools"), [("requirements.lock", False), ("requirements-dev.lock", True)])
def test_a_lock_holds_every_dependency_in_the_range_of_the_project(lock: str, with_tools: bool) -> None:
    there = pinned(lock)
    for wanted in ranges(with_tools=with_tools):
        (version,) = there[wanted.name].specifier
        assert wanted.specifier.contains(version.version), wanted


def test_what_is_developed_with_is_what_is_served_with() -> None:
    tools = pinned("requirements-dev.lock")
    for name, requirement in pinned("requirements.lock").items():
        assert tools[name].specifier == requirement.specifier


def test_the_server_is_installed_without_the_tools() -> None:
    assert not {"pytest", "mypy", "ruff", "playwright", "hatchling"} & pinned("requirements.lock").keys()


def npm_packages() -> dict[str, dict[str, object]]:
    lock = json.loads((ROOT / "tests" / "node" / "package-lock.json").read_text(encoding="utf-8"))
    return {place: package for place, package in lock["packages"].items() if place}


def test_every_npm_package_of_the_tests_has_one_version_and_a_hash() -> None:
    packages = npm_packages()
    assert len(packages) > 10
    for place, package in packages.items():
        assert re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+\S*", str(package["version"])), place
        assert re.fullmatch(r"sha512-\S+", str(package["integrity"])), place


def test_the_lock_of_npm_packages_names_no_registry() -> None:
    assert [place for place, package in npm_packages().items() if "resolved" in package] == []
