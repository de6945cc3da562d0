"""Keeps events in transactions of the application's own, by the SQL function `dialogue_publish`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import anyio
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import Session

from ....domain.draft import Draft
from ....domain.errors import InvalidRequest
from ....domain.event import Event
from ....domain.idempotency_key import IdempotencyKey
from ....domain.ports.transaction_archive import PublishRules
from .database import PostgresqlDatabase
from .publish_call import OtherDatabase, Place, keep
from .publish_rules import tell_rules

PLACE = (
    "SELECT nspname, dialogue_database() FROM pg_namespace JOIN pg_proc ON pronamespace = pg_namespace.oid "
    "WHERE pg_proc.oid = 'dialogue_publish'::regproc"
)


class PostgresqlTransactionArchive:
    """`TransactionArchive` over one PostgreSQL database, in connections of the application's own to it.

    The application's engine may use any driver. Which database is meant is asked once, over a connection made for it:
    so nothing has to run in this process.
    """

    def __init__(self, database: PostgresqlDatabase, key_ttl_s: float) -> None:
        self._database = database
        self._key_ttl_ms = round(key_ttl_s * 1_000)
        self._place: Place | None = None

    async def allow(self, rules: PublishRules) -> None:
        """See `TransactionArchive.allow`."""
        await self._database.write(lambda connection: tell_rules(connection, rules, self._key_ttl_ms))

    async def keep(self, draft: Draft, key: IdempotencyKey | None, within: object) -> Event:
        """See `TransactionArchive.keep`."""
        if not isinstance(within, AsyncConnection | AsyncSession):
            raise _no_transaction("an AsyncConnection or AsyncSession", within)
        place = self._place or await self._find()
        return await within.run_sync(lambda inner: self._keep(inner, place, draft, key))

    def keep_sync(self, draft: Draft, key: IdempotencyKey | None, within: object) -> Event:
        """See `TransactionArchive.keep_sync`."""
        if not isinstance(within, Connection | Session):
            raise _no_transaction("a Connection or Session", within)
        place = self._place
        if place is None:
            with ThreadPoolExecutor(1) as thread:  # in this one a loop may run
                place = thread.submit(anyio.run, self._find).result()
        return self._keep(within, place, draft, key)

    def _keep(self, within: Connection | Session, place: Place, draft: Draft, key: IdempotencyKey | None) -> Event:
        connection = within if isinstance(within, Connection) else _of_session(within)
        if connection.dialect.name != "postgresql":
            raise InvalidRequest.field("within", f"is connected to {connection.dialect.name}, not to PostgreSQL")
        if _commits_by_itself(connection):
            raise InvalidRequest.field("within", "is at AUTOCOMMIT: each statement is a transaction of its own there")
        try:
            return keep(connection, place, draft, key)
        except OtherDatabase:
            self._place = None  # perhaps ours is now another one: the next call asks
            raise

    async def _find(self) -> Place:
        self._place = place = Place(*await self._database.ask(PLACE))
        return place


def _of_session(session: Session) -> Connection:
    if session.autoflush:
        session.flush()  # what the event tells of comes first, and what it refuses does so before the room is locked
    return session.connection()


def _commits_by_itself(connection: Connection) -> bool:
    opened = connection.connection.dbapi_connection
    try:
        return opened is not None and connection.dialect.detect_autocommit_setting(opened)
    except NotImplementedError:
        return False  # a driver of which SQLAlchemy does not know it


def _no_transaction(wanted: str, within: object) -> InvalidRequest:
    return InvalidRequest.field("within", f"must be {wanted} of SQLAlchemy, not {within!r}"[:200])
