"""What the address of a database may say, and what is shown of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection

from dialogue.adapters.sqlmodel.postgresql import database
from dialogue.adapters.sqlmodel.postgresql.database import PostgresqlDatabase
from dialogue.adapters.sqlmodel.postgresql.engine import PostgresqlSettings
from dialogue.adapters.sqlmodel.postgresql.url import dsn_of, is_postgresql, shown
from dialogue.domain.errors import ConfigurationError

from ....support.certificates import Certificates, needs_openssl
from ....support.child_folder import open_folder
from ....support.postgresql import PostgresqlServer, postgresql

HIDDEN = {
    "postgresql://ada:secret@db/shop": "postgresql://ada@db/shop",
    "postgres://ada@db:5433/shop?sslmode=require": "postgres://ada@db:5433/shop?sslmode=require",
    "postgresql://db/shop?user=ada&password=secret&sslpassword=secret": "postgresql://db/shop?user=ada",
    "postgresql+asyncpg://ada:se%40cret@[::1]:5432/shop": "postgresql+asyncpg://ada@[::1]:5432/shop",
    "postgresql://ada:s@cret@db/shop": "postgresql://ada@db/shop",
    "postgresql://ada:se#cret@db:5433/shop": "postgresql://ada@db:5433/shop",
    "postgresql://ada:se/cret@db/shop": "postgresql://…",
    "postgresql://ada:12/cret@db/shop": "postgresql://…",
    "postgresql://ada:se?cret@db/shop": "postgresql://…",
    "postgresql://ada:s[cret@db/shop": "postgresql://…",
    "postgresql:///shop?host=/run/postgresql": "postgresql:///shop?host=/run/postgresql",
    "postgresql://ada:secret@one:1,[::1]:2/shop": "postgresql://ada@one:1,[::1]:2/shop",
}


@pytest.mark.parametrize(("url", "expected"), HIDDEN.items())
def test_a_password_is_never_shown(url: str, expected: str) -> None:
    assert is_postgresql(url)
    assert shown(url) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [("nonsense", "nonsense"), ("sqlite:chat.db", "sqlite:chat.db"), ("ada:secret@db/shop", "…"), ("", "")],
)
def test_what_is_no_address_is_shown_as_it_is_unless_it_may_hold_a_password(url: str, expected: str) -> None:
    assert shown(url) == expected


TAKEN = {
    "postgres://db/shop": "postgresql://db/shop",
    "postgresql+asyncpg://ada:secret@db/shop": "postgresql://ada:secret@db/shop",
    "postgresql://db/shop?connect_timeout=3&sslmode=require": "postgresql://db/shop?sslmode=require",
    "postgresql://db/shop?channel_binding=prefer": "postgresql://db/shop",
    "postgresql:///shop?host=/run/postgresql": "postgresql:///shop?host=%2Frun%2Fpostgresql",
    "postgresql://ada:se#cret@db/shop": "postgresql://ada:se%23cret@db/shop",
    "postgresql://ada:secret@one:1,[::1]:2/shop": "postgresql://ada:secret@one:1,[::1]:2/shop",
}


@pytest.mark.parametrize(("url", "expected"), TAKEN.items())
def test_all_ways_to_write_an_address_mean_the_same(url: str, expected: str) -> None:
    assert dsn_of(url) == expected


def test_what_cannot_be_kept_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="channel_binding=require cannot be kept"):
        dsn_of("postgresql://db/shop?channel_binding=require")
    with pytest.raises(ConfigurationError, match="must begin with postgresql://"):
        dsn_of("mysql://db/shop")
    with pytest.raises(ConfigurationError, match="port must be a number"):
        dsn_of("postgresql:///shop?host=db&port=abc")
    assert dsn_of("postgresql:///shop?host=one,two&port=5432,5433")


@pytest.mark.parametrize("password", ["se/cret", "se?cret", "s@cret", "s[cret", "s]cret"])
def test_a_password_that_is_not_quoted_is_refused_and_not_shown(password: str) -> None:
    with pytest.raises(ConfigurationError, match="names no host and port") as refused:
        dsn_of(f"postgresql://ada:{password}@db/shop")
    assert "cret" not in str(refused.value)


async def test_a_server_that_is_too_old_is_refused_and_left_as_it_is(
    postgresql_server: PostgresqlServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server of the tests is too old for a version that does not exist yet."""
    monkeypatch.setattr(database, "OLDEST", 99)
    with postgresql_server.database() as url:
        with pytest.raises(
            ConfigurationError, match=r"is PostgreSQL \d+\.\d+, and Dialogue needs PostgreSQL 99 or later"
        ):
            await PostgresqlDatabase(PostgresqlSettings(url=url)).open()
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT count(*) FROM pg_class WHERE relname = 'messages'").fetchone() == (0,)


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
async def test_a_database_that_cannot_hold_every_character_is_refused(
    postgresql_server: PostgresqlServer, encoding: str
) -> None:
    name = f"in_{encoding.lower()}"
    with psycopg.connect(postgresql_server.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0".encode())
        try:
            with pytest.raises(ConfigurationError, match=f"has the encoding {encoding}, and Dialogue needs UTF8"):
                await PostgresqlDatabase(PostgresqlSettings(url=postgresql_server.url(name))).open()
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with open_folder("certificates") as folder:
        yield folder


@pytest.fixture(scope="module")
def certificates(folder: Path) -> Certificates:
    return Certificates(folder)


@pytest.fixture(scope="module")
def with_tls(certificates: Certificates) -> Iterator[PostgresqlServer]:
    settings = {"ssl": "on", "ssl_cert_file": str(certificates.certificate), "ssl_key_file": str(certificates.key)}
    with postgresql(settings) as server:
        server.make_database("shop")
        yield server


def is_encrypted(connection: Connection) -> object:
    return connection.exec_driver_sql("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").scalar()


async def opened_with(server: PostgresqlServer, query: str) -> object:
    """Open the database; whether its connections are encrypted."""
    url = f"postgresql://dialogue@localhost:{server.port}/shop?{query}"
    database = PostgresqlDatabase(PostgresqlSettings(url=url))
    async with database.running():
        return await database.read(is_encrypted), await database.write(is_encrypted)


@needs_openssl
async def test_tls_is_as_the_address_says(with_tls: PostgresqlServer, certificates: Certificates) -> None:
    assert await opened_with(with_tls, "sslmode=disable") == (False, False)
    assert await opened_with(with_tls, "sslmode=prefer") == (True, True)
    assert await opened_with(with_tls, "sslmode=require") == (True, True)
    assert await opened_with(with_tls, f"sslmode=verify-full&sslrootcert={certificates.authority}") == (True, True)


@needs_openssl
async def test_a_server_that_is_not_the_right_one_is_refused(
    with_tls: PostgresqlServer, certificates: Certificates, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match="certificate verify failed"):
        await opened_with(with_tls, f"sslmode=verify-full&sslrootcert={Certificates(tmp_path).authority}")
    with pytest.raises(ConfigurationError, match=r"no such file or directory"):
        await opened_with(with_tls, f"sslmode=verify-full&sslrootcert={tmp_path}/missing.pem")
    with pytest.raises(ConfigurationError, match="sslmode"):
        await opened_with(with_tls, "sslmode=sometimes")
    with pytest.raises(ConfigurationError, match='unrecognized configuration parameter "sslmod"'):
        await opened_with(with_tls, f"sslmod=require&sslrootcert={certificates.authority}")
