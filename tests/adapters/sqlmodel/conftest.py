"""A database in a new folder."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dialogue.adapters.sqlmodel.sqlite.database import SqliteDatabase


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database is, or is to be."""
    return tmp_path / "chat.db"


@pytest.fixture
async def database(path: Path) -> AsyncIterator[SqliteDatabase]:
    """An open database without events."""
    database = SqliteDatabase(f"sqlite:///{path}", patience_s=2.0)
    await database.open()
    yield database
    await database.close()
