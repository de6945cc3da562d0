"""A PostgreSQL database with tables, and ways to reach it that can be cut."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from dialogue.adapters.sqlmodel.postgresql.database import PostgresqlDatabase
from dialogue.adapters.sqlmodel.postgresql.engine import PostgresqlSettings

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
