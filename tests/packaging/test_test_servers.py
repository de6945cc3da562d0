"""That the servers which the tests start are real, and can be stopped, killed and started again."""

from __future__ import annotations

import psycopg
import redis

from ..support.postgresql import PostgresqlServer, postgresql
from ..support.valkey import valkey


def test_postgresql_keeps_what_was_committed_when_it_is_killed() -> None:
    """Also where the tests run as root, as whom it refuses to run."""
    with postgresql(durable=True) as server:
        server.make_database("shop")
        with psycopg.connect(server.url("shop")) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
        server.kill()
        server.start()
        with psycopg.connect(server.url("shop")) as connection:
            assert connection.execute("SELECT n FROM kept").fetchall() == [(7,)]


def test_each_test_has_databases_of_its_own(postgresql_server: PostgresqlServer) -> None:
    """A database can be a copy of another one, and is gone afterwards."""
    with postgresql_server.database() as first, psycopg.connect(first) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
        connection.commit()
        name = connection.info.dbname
        connection.close()
        with postgresql_server.database(template=name) as second, psycopg.connect(second) as copy:
            assert copy.execute("SELECT n FROM kept").fetchall() == [(7,)]
    with psycopg.connect(postgresql_server.url()) as connection:
        assert connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchall() == []


def test_valkey_can_be_restarted() -> None:
    """On its port, with what it held forgotten."""
    with valkey() as server, redis.Redis(port=server.port) as client:
        client.set("a", "b")
        server.restart()
        assert client.get("a") is None
