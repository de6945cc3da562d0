"""One running node: its start, its stop, and whether it takes events."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from anyio import CancelScope, create_task_group

from ..domain.errors import Unavailable
from .background import background_tasks
from .feed.hub import Hub
from .publishing.journal import Journal
from .rooms.room_registry import RoomRegistry
from .sessions.frame import GOING_AWAY


class Worker(Protocol):
    """What runs beside the journal for as long as the node does, and is cancelled with it."""

    async def run(self) -> None:
        """Work until cancelled."""
        ...


class Teller(Worker, Protocol):
    """What tells the application's own code of something, and has to be let tell what waits when the node stops."""

    async def finish(self) -> None:
        """Return when all was told that waits, or when that takes too long."""
        ...


class Node:
    """Runs the journal, the tellers and the workers, and stops them so that nothing promised is lost."""

    def __init__(
        self,
        registry: RoomRegistry,
        journal: Journal,
        hub: Hub,
        tellers: Sequence[Teller],
        workers: Sequence[Worker],
    ) -> None:
        self._registry = registry
        self._journal = journal
        self._hub = hub
        self._tellers = tellers
        self._workers = workers
        self._is_running = False

    def ensure_running(self) -> None:
        """Raise Unavailable where the node was not started, or takes no more events."""
        self.ensure_started()
        if self._journal.is_stopping:
            raise Unavailable("The server is going down")

    def ensure_started(self) -> None:
        """Raise Unavailable where the node was not started: nobody would keep what it is given."""
        if not self._is_running:
            raise Unavailable(
                "This Dialogue was not started: the app that it is mounted in must enter its lifespan, "
                "as in Starlette(lifespan=dialogue.lifespan)"
            )

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Run everything for as long as the context lasts; then stop cleanly.

        So it does where it is cancelled, too. What the context's own body raises passes through as it is.
        """
        await self._registry.load()
        async with background_tasks() as background:
            for teller in self._tellers:
                background.start_soon(teller.run)
            for worker in self._workers:
                background.start_soon(worker.run)
            background.start_soon(self._keep)
            self._is_running = True
            try:
                yield
            finally:
                with CancelScope(shield=True):
                    await self.stop()
                    async with create_task_group() as finishing:
                        for teller in self._tellers:
                            finishing.start_soon(teller.finish)

    async def _keep(self) -> None:
        # Whoever cancels the context from outside must not cancel the journal: the stop waits for what it holds.
        with CancelScope(shield=True):
            await self._journal.run()

    async def drain(self) -> None:
        """Stop, and wait until every connection has been sent what waited for it and its close."""
        await self.stop()
        await self._hub.emptied()

    async def stop(self) -> None:
        """Take no more events, have all that wait kept and answered, and close every session with 1001.

        Returns when the journal is empty; the sessions' writers still send what waits. May be called twice.
        """
        await self._journal.stop()
        self._hub.close_all(GOING_AWAY)
