"""Runs every contract against every storage."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from .storage import STORAGES, Storage


@pytest.fixture(params=list(STORAGES))
async def storage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Storage]:
    """An empty storage of each kind."""
    async with STORAGES[request.param](tmp_path) as storage:
        yield storage
