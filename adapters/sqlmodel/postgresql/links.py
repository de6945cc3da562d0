"""Connections that stay open between transactions.

SQLAlchemy's own pool takes longer to lend one than PostgreSQL needs for a short transaction.
"""

from __future__ import annotations

from anyio import CancelScope
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from .driver import DriverConnection


class Link:
    """A connection, as SQLAlchemy's and as the driver's."""

    def __init__(self, connection: AsyncConnection, raw: DriverConnection) -> None:
        self.connection = connection
        self.raw = raw

    async def close(self) -> None:
        """Close it; one that is dead already is only let go."""
        with CancelScope(shield=True):
            if self.raw.is_closed():
                await self.connection.invalidate()
            await self.connection.close()


class Links:
    """Lends connections of an engine, each to one transaction at a time; whoever asks sees to it how many there are."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._idle: list[Link] = []

    def take_idle(self) -> Link | None:
        """The one that was given back last, where it is alive; `take` does the rest."""
        if self._idle and not self._idle[-1].raw.is_closed():
            return self._idle.pop()
        return None

    async def take(self) -> Link:
        """One that is idle and alive, or a new one. Raises what the driver raises."""
        while self._idle:
            link = self._idle.pop()
            if not link.raw.is_closed():
                return link
            await link.close()  # the server has gone down meanwhile
        connection = await self._engine.connect()
        raw: DriverConnection | None = (await connection.get_raw_connection()).driver_connection
        assert raw is not None
        # SQLAlchemy has put a function of Python's in the place of the driver's own, called for each event of a batch.
        await raw.reset_type_codec("jsonb", schema="pg_catalog")
        return Link(connection, raw)

    async def give_back(self, link: Link) -> None:
        """Keep it for the next transaction, unless it is dead."""
        if not self.keep(link):
            await link.close()

    def keep(self, link: Link) -> bool:
        """Keep it for the next transaction; False where it is dead."""
        if link.raw.is_closed():
            return False
        sync = link.connection.sync_connection
        assert sync is not None
        if sync.in_transaction():
            sync.rollback()  # of what SQLAlchemy takes for a transaction: ours is over, and nothing is sent
        self._idle.append(link)
        return True

    async def close(self) -> None:
        """Close all that are idle."""
        while self._idle:
            await self._idle.pop().close()
