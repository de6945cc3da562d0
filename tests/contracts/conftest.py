"""Runs every contract against every storage."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from .storage import STORAGES, Storage


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every contract against every storage, where it does not say itself against which."""
    is_said = any(mark.args[0] == "storage" for mark in metafunc.definition.iter_markers("parametrize"))
    if "storage" in metafunc.fixturenames and not is_said:
        metafunc.parametrize("storage", [*STORAGES], indirect=True)


@pytest.fixture
async def storage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Storage]:
    """An empty storage of each kind."""
    async with STORAGES[request.param](tmp_path) as storage:
        yield storage
