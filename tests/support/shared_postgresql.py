"""A PostgreSQL that all tests of a run share, started when the first one needs it."""

from __future__ import annotations

import atexit
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cache

import anyio

from dialogue.adapters.sqlmodel.postgresql.database import PostgresqlDatabase
from dialogue.adapters.sqlmodel.postgresql.engine import PostgresqlSettings

from .pgbouncer import pgbouncer
from .postgresql import PostgresqlServer, postgresql

TEMPLATE = "dialogue_template"


@cache
def shared_postgresql() -> PostgresqlServer:
    """The server; it does not fsync, ends with the process, and nobody may stop it before."""
    running = ExitStack()
    server = running.enter_context(postgresql())
    atexit.register(running.close)
    return server


@cache
def shared_pgbouncer() -> int:
    """The port of a proxy before it, which pools transactions."""
    running = ExitStack()
    port = running.enter_context(pgbouncer(shared_postgresql()))
    atexit.register(running.close)
    return port


@contextmanager
def database_with_tables() -> Iterator[str]:
    """The URL of a new database with Dialogue's tables: a copy of one in which they are made once."""
    with shared_postgresql().database(template=_template()) as url:
        yield url


@cache
def _template() -> str:
    server = shared_postgresql()
    server.make_database(TEMPLATE)
    database = PostgresqlDatabase(PostgresqlSettings(url=server.url(TEMPLATE)))
    with ThreadPoolExecutor(1) as thread:  # whoever is first may be in a loop of its own
        thread.submit(lambda: anyio.run(database.migrate)).result()
    return TEMPLATE
