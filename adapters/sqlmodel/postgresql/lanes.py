"""The lanes in which transactions write, each one after the other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from math import inf
from time import monotonic
from typing import Any, TypeVar

from anyio import CancelScope
from sqlalchemy.ext.asyncio import AsyncEngine

from ....domain.errors import Unavailable
from ..commit_outcome import CommitFailed, settled
from .engine import PostgresqlSettings
from .lane import Lane, Signature, Unsigned, ensure_signed
from .pool import Pool
from .server import Server
from .transaction import BEGUN, WRITE, Open, Work

T = TypeVar("T")
SigningWork = Callable[[Open, Signature], Awaitable[T]]
"""Work of an open transaction that writes the signature itself, and raises Unsigned where it cannot be written."""


class Lanes:
    """Runs transactions that write, so that it is known, or found out, how each of them ended."""

    def __init__(self, settings: PostgresqlSettings, server: Server, engine: AsyncEngine, node_id: str) -> None:
        self._patience_s = settings.patience_s
        self._server = server
        self._pool = Pool(settings, settings.writers, server, engine)
        self._free = [Lane(f"{node_id}.{number}") for number in range(settings.writers)]

    async def enter(self) -> None:
        """Make the rows of all lanes: nobody can wait for one that is only being inserted. Raises Unavailable."""
        await self._enter(self._free, self._until(inf))

    async def transact(self, work: Work[T], deadline: float) -> T:
        """Run `work` and commit it; how that ended is known afterwards, or CommitUnknown is raised."""
        return await self._transact(lambda opened, _: work(opened), deadline, signs=False)

    async def transact_signing(self, work: SigningWork[T], deadline: float) -> T:
        """The same for work that signs with what it writes, which takes a statement less."""
        return await self._transact(work, deadline, signs=True)

    async def _transact(self, work: SigningWork[T], deadline: float, *, signs: bool) -> T:
        until = self._until(deadline)
        await self._pool.take(until)
        lane = self._free.pop()
        try:
            with CancelScope(shield=True):  # what has begun to write is never given up: its outcome must be known
                result = await self._commit(lane, lambda: self._once(lane, work, until, signs=signs), until)
        finally:
            self._free.append(lane)
            self._pool.release()
        return result

    async def close(self) -> None:
        """Close all connections."""
        await self._pool.close()

    async def _commit(self, lane: Lane, once: Callable[[], Awaitable[T]], until: float) -> T:
        try:
            try:
                return await once()
            except Unsigned:  # the row is not there, or it is another server's
                await self._server.settle()
                await self._enter([lane], until)
                return await once()
        except CommitFailed as failure:
            result: T = await settled(failure, lambda: self._was_kept(lane))
            return result

    async def _once(self, lane: Lane, work: SigningWork[T], until: float, *, signs: bool) -> T:
        lane.next()
        signature = lane.signature(self._server.condition)
        sign = f"; {signature.statement}"
        # Behind one that may still run it is always signed first: that waits for it, and locks nothing meanwhile.
        again = f"; {lane.end_others()}{sign}"
        first = again if lane.is_suspect else "" if signs else sign

        async def signed(opened: Open) -> T:
            if opened.said != BEGUN:
                ensure_signed(opened.said)
            return await work(opened, signature)

        lane.is_suspect = True
        result = await self._pool.transact(WRITE, signed, until, name=lane.name, first=first, again=again)
        lane.is_suspect = False
        return result

    async def _enter(self, lanes: Sequence[Lane], until: float) -> None:
        try:
            await self._pool.transact(WRITE, _nothing, until, first="".join(f"; {lane.enter()}" for lane in lanes))
        except CommitFailed as failure:
            raise Unavailable(f"The database cannot be reached: {failure}") from failure

    async def _was_kept(self, lane: Lane) -> bool:
        try:
            return await self._pool.transact(WRITE, lane.was_kept, self._until(inf), first=f"; {lane.end_others()}")
        except CommitFailed as failure:
            return bool(failure.result)  # it has written nothing: what it read is the answer

    def _until(self, deadline: float) -> float:
        return deadline if deadline < inf else monotonic() + self._patience_s


async def _nothing(_: Any) -> None:
    """All was said at the beginning."""
