"""Connections for one kind of work, each lent for one transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar

from anyio import Semaphore, WouldBlock, move_on_after
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from ....domain.errors import Unavailable
from .engine import PostgresqlSettings
from .links import Links
from .server import Server
from .server_identity import AnotherServer
from .transaction import Open, Work, beginning, peek, transact

T = TypeVar("T")


class Pool:
    """Up to `size` connections, all to the right server. Whoever takes a place in time finds one free."""

    def __init__(self, settings: PostgresqlSettings, size: int, server: Server, engine: AsyncEngine) -> None:
        self._settings = settings
        self._server = server
        self._links = Links(engine)
        self._places = Semaphore(size, fast_acquire=True)

    async def take(self, until: float) -> None:
        """Take a place. Raises Unavailable where none comes free by `until`."""
        try:
            self._places.acquire_nowait()
            return
        except WouldBlock:
            pass
        with move_on_after(max(0.0, until - monotonic())):
            await self._places.acquire()
            return
        raise Unavailable("The database did not come to it in time")

    def release(self) -> None:
        """Give a place back."""
        self._places.release()

    async def transact(
        self, mode: str, work: Work[T], until: float, *, name: str = "dialogue", first: str = "", again: str = ""
    ) -> T:
        """Run `work` in a transaction, with `first` as part of what begins it (`again`, where it is begun once more).

        The caller has a place. Raises Unavailable, and CommitFailed, as `transact` does.
        """
        begin = beginning(self._settings, mode, until, name)
        beginnings = (begin + first, begin + (again or first))
        try:
            return await transact(self._links, beginnings, work, until)
        except AnotherServer:
            await self._server.settle()
            return await transact(self._links, beginnings, work, until)

    async def peek(self, work: Work[T], until: float) -> T:
        """Run `work`, one statement, in no transaction. The caller has a place. Raises Unavailable."""
        try:
            return await peek(self._links, work, until)
        except AnotherServer:
            await self._server.settle()
            return await peek(self._links, work, until)

    async def close(self) -> None:
        """Close all connections."""
        await self._links.close()


def sync(work: Callable[[Connection], T]) -> Work[T]:
    """`work`, a sync function of a `Connection`, as work of an open transaction."""

    def run(opened: Open) -> Awaitable[T]:
        return opened.connection.run_sync(work)

    return run
