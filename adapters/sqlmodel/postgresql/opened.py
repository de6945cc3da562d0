"""A PostgreSQL database that is open: its connections, and the lanes in which transactions write."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable, Callable
from math import inf
from time import monotonic
from typing import Any, TypeVar

from anyio import CancelScope, Semaphore, move_on_after
from sqlalchemy import Connection

from ....domain.errors import Unavailable
from ..commit_outcome import CommitFailed, settled
from .engine import PostgresqlSettings, engine
from .lane import Lane, Unsigned
from .room_moves import mend_moves
from .transaction import READ, WRITE, Open, Work, beginning, peek, transact

CHECK_S = 1.0

T = TypeVar("T")

logger = logging.getLogger("dialogue.database")


class Opened:
    """What runs transactions."""

    def __init__(self, settings: PostgresqlSettings, *, prepares: bool) -> None:
        self._settings = settings
        self.prepares = prepares
        self._reading = engine(settings, settings.readers, prepares=prepares)
        self._writing = engine(settings, settings.writers, prepares=prepares)
        self._checking = engine(settings, 1, prepares=prepares)
        self._readers = Semaphore(settings.readers)
        self._writers = Semaphore(settings.writers)
        self._checkers = Semaphore(1)
        node_id = f"server-{secrets.token_hex(8)}"
        self._lanes = [Lane(f"{node_id}.{number}") for number in range(settings.writers)]

    async def begin(self) -> None:
        """Write once, so that what stands in the way is told at the start."""
        for lane in self._lanes:
            await self._enter(lane, self._until(inf))
        while await self.write(mend_moves, inf):
            logger.info("rooms whose last move lay in the future move now: this is a restored dump")

    async def read(self, work: Callable[[Connection], T], deadline: float) -> T:
        """Run `work` on one snapshot."""
        until = min(deadline, monotonic() + self._settings.statement_timeout_s)
        await _take(self._readers, until)
        try:
            return await transact(self._reading, beginning(self._settings, READ, until), _run_sync(work), until)
        except CommitFailed as failure:
            found: T = failure.result
            return found
        finally:
            self._readers.release()

    async def peek(self, work: Callable[[Connection], T], deadline: float) -> T:
        """Run `work`, one statement."""
        until = min(deadline, monotonic() + self._settings.statement_timeout_s)
        await _take(self._readers, until)
        try:
            return await peek(self._reading, _run_sync(work), until)
        finally:
            self._readers.release()

    async def write(self, work: Callable[[Connection], T], deadline: float) -> T:
        """Run `work` and commit it."""
        return await self.transact(_run_sync(work), deadline)

    async def transact(self, work: Work[T], deadline: float) -> T:
        """Run `work` and commit it; how that ended is known afterwards, or CommitUnknown is raised."""
        until = self._until(deadline)
        await _take(self._writers, until)
        lane = self._lanes.pop()
        try:
            with CancelScope(shield=True):  # what has begun to write is never given up: its outcome must be known
                result = await self._commit(lane, work, until)
        finally:
            self._lanes.append(lane)
            self._writers.release()
        return result

    async def check(self, work: Callable[[Connection], T]) -> T:
        """Run `work` past all that waits."""
        until = monotonic() + CHECK_S
        await _take(self._checkers, until)
        try:
            return await transact(self._checking, beginning(self._settings, WRITE, until), _run_sync(work), until)
        except CommitFailed as failure:
            raise Unavailable(f"The database cannot be reached: {failure}") from failure
        finally:
            self._checkers.release()

    async def dispose(self) -> None:
        """Close all connections."""
        for each in (self._reading, self._writing, self._checking):
            await each.dispose()

    async def _commit(self, lane: Lane, work: Work[T], until: float) -> T:
        try:
            try:
                return await self._signed(lane, work, until)
            except Unsigned:  # somebody has emptied the table
                await self._enter(lane, until)
                return await self._signed(lane, work, until)
        except CommitFailed as failure:
            result: T = await settled(failure, lambda: self._was_kept(lane))
            return result

    async def _signed(self, lane: Lane, work: Work[T], until: float) -> T:
        lane.next()
        begin = beginning(self._settings, WRITE, until, lane.name)
        again = f"{begin}; {lane.end_others()}; {lane.sign()}"

        async def signed(opened: Open) -> T:
            lane.ensure_signed(opened.said)
            return await work(opened)

        first = again if lane.is_suspect else f"{begin}; {lane.sign()}"
        lane.is_suspect = True
        result = await transact(self._writing, first, signed, until, again=again)
        lane.is_suspect = False
        return result

    async def _enter(self, lane: Lane, until: float) -> None:
        begin = f"{beginning(self._settings, WRITE, until)}; {lane.enter()}"
        try:
            await transact(self._writing, begin, _nothing, until)
        except CommitFailed as failure:
            raise Unavailable(f"The database cannot be reached: {failure}") from failure

    async def _was_kept(self, lane: Lane) -> bool:
        until = self._until(inf)
        begin = f"{beginning(self._settings, WRITE, until)}; {lane.end_others()}"
        try:
            return await transact(self._writing, begin, lane.was_kept, until)
        except CommitFailed as failure:
            return bool(failure.result)  # it has written nothing: what it read is the answer

    def _until(self, deadline: float) -> float:
        return deadline if deadline < inf else monotonic() + self._settings.patience_s


async def _take(places: Semaphore, until: float) -> None:
    """Take one of `places`. Raises Unavailable where none comes free by `until`."""
    with move_on_after(max(0.0, until - monotonic())):
        await places.acquire()
        return
    raise Unavailable("The database did not come to it in time")


def _run_sync(work: Callable[[Connection], T]) -> Work[T]:
    def run(opened: Open) -> Awaitable[T]:
        return opened.connection.run_sync(work)

    return run


async def _nothing(_: Any) -> None:
    """All was said at the beginning."""
