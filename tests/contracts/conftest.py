"""Runs every contract against every storage."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ..support.pgbouncer import needs_pgbouncer
from .storage import STORAGES, Storage, pooled

POOLED = pytest.param("pooled", marks=needs_pgbouncer)
BEHIND_A_PROXY = ("test_against_a_list", "test_history_archive", "test_room_store")
"""Which suites run over PostgreSQL by way of a proxy as well: what they leave out asks no other kind of statement."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every contract against every storage, where it does not say itself against which."""
    is_said = any(mark.args[0] == "storage" for mark in metafunc.definition.iter_markers("parametrize"))
    if "storage" in metafunc.fixturenames and not is_said:
        kinds = [*STORAGES, *([POOLED] if metafunc.module.__name__.endswith(BEHIND_A_PROXY) else [])]
        metafunc.parametrize("storage", kinds, indirect=True)


@pytest.fixture
async def storage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Storage]:
    """An empty storage of each kind."""
    async with {**STORAGES, "pooled": pooled}[request.param](tmp_path) as storage:
        yield storage
