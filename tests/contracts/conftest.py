"""Runs every contract against every storage."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from .storage import STORAGES, Storage, own

OWN = "own"
OWN_CONTRACTS = ("test_eviction_marks", "test_groups", "test_history_archive", "test_history_source", "test_keys")
"""What an application's own storage promises as all others do. Its retention, and what is redacted or swept of it, are
the application's."""
DIFFERENCES = {
    "test_a_room_never_seen_before_gets_an_epoch_and_begins_at_zero": "its streams are known from the start",
    "test_the_head_tells_how_far_the_room_and_its_streams_reach": "nobody knows how far it reaches back: no floor",
    "test_more_names_than_one_statement_takes_are_merged_as_well": "it has the events that the application defines",
}
"""In what it is to differ: these must fail over it."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every contract against every storage, and those that an own storage keeps to against one."""
    if "storage" not in metafunc.fixturenames:
        return
    kinds: list[object] = [*STORAGES]
    if metafunc.module.__name__.rpartition(".")[2] in OWN_CONTRACTS:
        why = DIFFERENCES.get(metafunc.function.__name__)
        marks = () if why is None else (pytest.mark.xfail(reason=why, strict=True),)
        kinds.append(pytest.param(OWN, marks=marks))
    metafunc.parametrize("storage", kinds, indirect=True)


@pytest.fixture
async def storage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Storage]:
    """An empty storage of each kind."""
    async with {**STORAGES, OWN: own}[request.param](tmp_path) as storage:
        yield storage
