"""The databases that settings can name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..adapters.sqlmodel.postgresql.url import is_postgresql, shown
from ..adapters.sqlmodel.sqlite.database import SqliteDatabase
from .settings.settings import Settings

if TYPE_CHECKING:
    from ..adapters.sqlmodel.postgresql.database import PostgresqlDatabase
    from ..adapters.sqlmodel.postgresql.storage import PostgresqlStorage


def sqlite_database(settings: Settings) -> SqliteDatabase:
    """The SQLite file of `settings`."""
    return SqliteDatabase(settings.database, synchronous=settings.synchronous, patience_s=settings.request_timeout_s)


def postgresql_database(settings: Settings) -> PostgresqlDatabase:
    """The PostgreSQL database of `settings`, whose driver is loaded now: most servers have none."""
    from ..adapters.sqlmodel.postgresql.database import PostgresqlDatabase
    from ..adapters.sqlmodel.postgresql.engine import PostgresqlSettings

    return PostgresqlDatabase(
        PostgresqlSettings(
            url=settings.database,
            patience_s=settings.request_timeout_s,
            statement_timeout_s=settings.statement_timeout_s,
            lock_timeout_s=settings.lock_timeout_s,
            idle_timeout_s=settings.idle_transaction_timeout_s,
            connect_timeout_s=settings.database_connect_timeout_s,
            readers=settings.database_readers,
            writers=settings.database_writers,
            is_replication_synchronous=settings.synchronous_replication,
        )
    )


def postgresql_storage(database: PostgresqlDatabase, key_ttl_s: float, max_ended_rooms: int) -> PostgresqlStorage:
    """The storage in that database."""
    from ..adapters.sqlmodel.postgresql.storage import PostgresqlStorage

    return PostgresqlStorage(database, key_ttl_s, max_ended_rooms)


def database_of(settings: Settings) -> SqliteDatabase | PostgresqlDatabase:
    """The database of `settings`, which name one that outlives the process."""
    return postgresql_database(settings) if is_postgresql(settings.database) else sqlite_database(settings)


def shown_database(settings: Settings) -> str:
    """Its address as it may be shown: without a password."""
    return shown(settings.database) if is_postgresql(settings.database) else settings.database
