"""What is in the wheel and the sdist, and what is not."""

from __future__ import annotations

import tarfile
import zipfile
from email.parser import BytesParser
from pathlib import Path, PurePosixPath

import dialogue

PACKAGE = ("domain", "application", "adapters", "entrypoints")


def files_of_wheel(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if not name.endswith("/")}


def files_of_sdist(sdist: Path) -> set[str]:
    """Its files, seen from the one folder in it."""
    with tarfile.open(sdist) as archive:
        return {str(PurePosixPath(*PurePosixPath(member.name).parts[1:])) for member in archive if member.isfile()}


def files_of_package(repository: Path) -> set[str]:
    """Every file of the package as it lies in the repository."""
    return {
        path.relative_to(repository).as_posix()
        for layer in PACKAGE
        for path in (repository / layer).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    } | {"__init__.py", "__main__.py", "py.typed"}


def test_the_wheel_installs_nothing_on_top_of_site_packages_but_dialogue(wheel: Path) -> None:
    top = {PurePosixPath(name).parts[0] for name in files_of_wheel(wheel)}
    assert top == {"dialogue", f"dialogue_py-{dialogue.__version__}.dist-info"}


def test_the_wheel_holds_every_file_of_the_package_and_no_other(wheel: Path, repository: Path) -> None:
    in_wheel = {name for name in files_of_wheel(wheel) if name.startswith("dialogue/")}
    assert in_wheel == {f"dialogue/{name}" for name in files_of_package(repository)}


def test_the_page_the_client_the_types_and_the_migrations_are_in_both(wheel: Path, sdist: Path) -> None:
    wanted = {
        "py.typed",
        "entrypoints/web/page/index.html",
        "entrypoints/web/client.js",
        "entrypoints/web/client.d.ts",
        "adapters/sqlmodel/migrations/upgrade.py",
    }
    in_wheel, in_sdist = files_of_wheel(wheel), files_of_sdist(sdist)
    assert {f"dialogue/{name}" for name in wanted} <= in_wheel
    assert wanted <= in_sdist
    for names in (in_wheel, in_sdist):
        assert any("migrations/versions/v0001" in name for name in names)


def test_the_sdist_holds_the_tests_the_docs_the_licence_and_nothing_that_was_made(sdist: Path) -> None:
    names = files_of_sdist(sdist)
    assert {"LICENSE", "README.md", "pyproject.toml", "Makefile", "requirements.lock", "tests/conftest.py"} <= names
    made = {".venv", ".git", ".links", "build", "dist", "__pycache__", ".hypothesis", ".mypy_cache"}
    assert [name for name in names if made & set(PurePosixPath(name).parts)] == []
    assert [name for name in names if name.endswith((".db", ".pyc", ".db-wal"))] == []


def test_the_wheel_that_comes_of_the_sdist_is_the_same(wheel: Path, wheel_of_sdist: Path) -> None:
    assert files_of_wheel(wheel_of_sdist) == files_of_wheel(wheel)


def test_the_wheel_says_what_it_is_and_carries_its_licence(wheel: Path) -> None:
    info = f"dialogue_py-{dialogue.__version__}.dist-info"
    with zipfile.ZipFile(wheel) as archive:
        metadata = BytesParser().parsebytes(archive.read(f"{info}/METADATA"))
        commands = archive.read(f"{info}/entry_points.txt").decode()
        licence = archive.read(f"{info}/licenses/LICENSE").decode()
    assert metadata["Name"] == "dialogue-py"
    assert metadata["Version"] == dialogue.__version__
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "MIT"
    assert commands.split() == ["[console_scripts]", "dialogue", "=", "dialogue.entrypoints.cli.main:main"]
    assert licence.startswith("MIT License")
