"""The application over a database of its own, and engines of its own to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from dialogue import DialogueApp

from .....support.shared_postgresql import database_with_tables
from .shop import Base, engine_of, shop


@pytest.fixture
def url() -> Iterator[str]:
    """A database with Dialogue's tables and the application's."""
    with database_with_tables() as url:
        made = engine_of(url)
        Base.metadata.create_all(made)
        made.dispose()
        yield url


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """The application's own engine."""
    made = engine_of(url)
    yield made
    made.dispose()


@pytest.fixture
async def async_engine(url: str) -> AsyncIterator[AsyncEngine]:
    """The application's own asynchronous engine."""
    made = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://"))
    yield made
    await made.dispose()


@pytest.fixture
async def dialogue(url: str) -> AsyncIterator[DialogueApp]:
    """The application, running."""
    app = shop(url)
    async with app.lifespan():
        yield app
