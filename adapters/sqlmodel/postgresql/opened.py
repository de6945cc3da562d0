"""A PostgreSQL database that is open."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from math import inf
from time import monotonic
from typing import TypeVar

from sqlalchemy import Connection

from ....domain.errors import Unavailable
from ..commit_outcome import CommitFailed, CommitUnknown
from .engine import PostgresqlSettings, engine
from .lanes import Lanes, SigningWork
from .node_rows import enter, leave, still_here
from .pool import Pool, sync
from .room_moves import mend_moves
from .server import Server
from .transaction import READ, WRITE, Open, Work

CHECK_S = 1.0

T = TypeVar("T")

logger = logging.getLogger("dialogue.database")


class Opened:
    """What runs transactions: some connections read, some write, and one checks past all that waits."""

    def __init__(self, settings: PostgresqlSettings, *, prepares: bool) -> None:
        self._read_timeout_s = settings.statement_timeout_s
        self._node_id = f"server-{secrets.token_hex(8)}"
        self.prepares = prepares
        self._server = Server(settings, prepares=prepares)
        made = engine(settings, prepares=prepares, ensure_server=self._server.ensure)
        self._readers = Pool(settings, settings.readers, self._server, made)
        self._checker = Pool(settings, 1, self._server, made)
        self._lanes = Lanes(settings, self._server, made, self._node_id)

    async def begin(self) -> None:
        """Write once, so that what stands in the way is told at the start. Raises Unavailable."""
        await self._server.settle()
        if self._server.known is None:
            logger.warning("the database does not say which server it is: a promoted replica would not be noticed")
        await self._check(sync(lambda connection: enter(connection, self._node_id)), self._read_timeout_s)
        await self._lanes.enter()
        while await self.write(mend_moves, inf):
            logger.info("rooms whose last move lay in the future move now: this is a restored dump")

    async def read(self, work: Callable[[Connection], T], deadline: float) -> T:
        """Run `work` on one snapshot."""
        until = min(deadline, monotonic() + self._read_timeout_s)
        await self._readers.take(until)
        try:
            return await self._readers.transact(READ, sync(work), until)
        except CommitFailed as failure:
            found: T = failure.result
            return found
        finally:
            self._readers.release()

    async def peek(self, work: Callable[[Connection], T], deadline: float) -> T:
        """Run `work`, one statement."""
        until = min(deadline, monotonic() + self._read_timeout_s)
        await self._readers.take(until)
        try:
            return await self._readers.peek(sync(work), until)
        finally:
            self._readers.release()

    async def write(self, work: Callable[[Connection], T], deadline: float) -> T:
        """Run `work` and commit it."""
        return await self._lanes.transact(sync(work), deadline)

    async def transact_signing(self, work: SigningWork[T], deadline: float) -> T:
        """Run `work`, which signs, and commit it."""
        return await self._lanes.transact_signing(work, deadline)

    async def check(self, also: Callable[[Connection], None] | None) -> None:
        """Write something small past all that waits, and run `also` with it."""

        def small(connection: Connection) -> None:
            still_here(connection, self._node_id)
            if also is not None:
                also(connection)

        async def check(opened: Open) -> None:
            await self._server.ensure(opened.raw)
            await opened.connection.run_sync(small)

        await self._check(check, CHECK_S)

    async def finish(self) -> None:
        """Say that the node has stopped, as far as that can be written, and close all connections."""
        try:
            await self.write(lambda connection: leave(connection, self._node_id), inf)
        except (Unavailable, CommitUnknown) as error:
            logger.warning("that the server stopped could not be noted: %s", error)
        finally:
            await self.close()

    async def close(self) -> None:
        """Close all connections."""
        for each in (self._readers, self._checker, self._lanes, self._server):
            await each.close()

    async def _check(self, work: Work[None], timeout_s: float) -> None:
        until = monotonic() + timeout_s
        await self._checker.take(until)
        try:
            await self._checker.transact(WRITE, work, until)
        except CommitFailed as failure:
            raise Unavailable(f"The database cannot be reached: {failure}") from failure
        finally:
            self._checker.release()
