"""A PostgreSQL database with tables, and ways to reach it that can be cut."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest

from dialogue.adapters.sqlmodel.postgresql.database import PostgresqlDatabase
from dialogue.adapters.sqlmodel.postgresql.engine import PostgresqlSettings
from dialogue.adapters.sqlmodel.postgresql.storage import PostgresqlStorage

from ....support.cutting_proxy import CuttingProxy, cutting_proxy
from ....support.postgresql import PostgresqlServer
from ....support.shared_postgresql import database_with_tables


@pytest.fixture
def url() -> Iterator[str]:
    """A database with our tables, empty."""
    with database_with_tables() as url:
        yield url


@pytest.fixture
async def proxy(postgresql_server: PostgresqlServer) -> AsyncIterator[CuttingProxy]:
    """Stands in front of the server."""
    async with cutting_proxy(postgresql_server.port) as proxy:
        yield proxy


@pytest.fixture
async def database(
    url: str, proxy: CuttingProxy, postgresql_server: PostgresqlServer
) -> AsyncIterator[PostgresqlDatabase]:
    """The database, open, reached through the proxy by one connection that writes."""
    through = url.replace(f":{postgresql_server.port}/", f":{proxy.port}/")
    database = PostgresqlDatabase(PostgresqlSettings(url=through, writers=1, readers=1))
    async with database.running():
        yield database


@pytest.fixture
async def nodes(url: str) -> AsyncIterator[list[PostgresqlStorage]]:
    """Two nodes over it."""
    async with AsyncExitStack() as running:
        nodes = [PostgresqlStorage(PostgresqlDatabase(PostgresqlSettings(url=url))) for _ in range(2)]
        for node in nodes:
            await running.enter_async_context(node.running())
        yield nodes


@pytest.fixture
def storage(nodes: list[PostgresqlStorage]) -> PostgresqlStorage:
    """One of them."""
    return nodes[0]
