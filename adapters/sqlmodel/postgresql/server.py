"""The server that connections must lead to, and what is done where they lead to another one."""

from __future__ import annotations

from dataclasses import replace
from time import monotonic

from anyio import Lock

from ....domain.errors import Unavailable
from ..commit_outcome import CommitFailed
from .driver import DriverConnection
from .engine import PostgresqlSettings, engine
from .links import Links
from .server_identity import AnotherServer, ServerIdentity, identity_of, settle_identity
from .transaction import WRITE, Open, beginning, transact

PATIENCE_S = 600.0
"""How long all rooms of a database may take to begin anew."""


class Server:
    """Knows which server the node talks to. What is not known yet, or not told by the server, is not looked at."""

    def __init__(self, settings: PostgresqlSettings, *, prepares: bool) -> None:
        self._settings = settings
        self._links = Links(engine(settings, prepares=prepares))
        self._lock = Lock()
        self.known: ServerIdentity | None = None

    async def ensure(self, raw: DriverConnection) -> None:
        """Raise AnotherServer where that connection leads to another one, and Unavailable where it is a standby."""
        if self.known is None:
            return
        found = await identity_of(raw)
        if found is not None and found.timeline is None:
            raise Unavailable("The database cannot be reached: it is a standby")
        if found != self.known:
            raise AnotherServer(found)

    async def settle(self) -> None:
        """Take the server that is there now for the right one; where it may have lost events, all rooms begin anew.

        Raises Unavailable.
        """
        async with self._lock:
            until = monotonic() + PATIENCE_S
            try:
                begin = beginning(replace(self._settings, statement_timeout_s=PATIENCE_S), WRITE, until)
                self.known = await transact(self._links, (begin, begin), self._settle, until)
            except CommitFailed as failure:
                raise Unavailable(f"The database cannot be reached: {failure}") from failure

    @property
    def condition(self) -> str:
        """What is true on this server alone, as SQL: a proxy changes servers without a new connection."""
        if self.known is None:
            return "true"
        return f"left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) = '{self.known.timeline}'"

    async def close(self) -> None:
        """Close its connection."""
        await self._links.close()

    async def _settle(self, opened: Open) -> ServerIdentity | None:
        found = await identity_of(opened.raw)
        if found is None:
            return None
        if found.timeline is None:
            raise Unavailable("The database cannot be reached: it is a standby")
        is_synchronous = self._settings.is_replication_synchronous
        await opened.connection.run_sync(
            lambda connection: settle_identity(connection, found, is_synchronous=is_synchronous)
        )
        return found
