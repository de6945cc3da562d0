"""Asking the storage, again and again, what other nodes have done."""

from __future__ import annotations

import logging
from time import monotonic

from anyio import Event as Signal
from anyio import move_on_after

from ...domain.errors import DialogueError, Unavailable
from ...domain.ports.room_moves import RoomMoves
from ..deadline import deadline_at, remaining_s
from ..rooms.room_registry import RoomRegistry
from .follow_moves import FollowMoves

PATIENCE_S = 5.0
"""How long one question to the storage may take, and how long somebody waits for the answer to it."""

logger = logging.getLogger("dialogue.nodes")


class _Round:
    """One question to the storage, and who waits until this node knows its answer."""

    def __init__(self) -> None:
        self.over = Signal()
        self.failure: DialogueError | None = None


class PollMoves:
    """Asks which rooms moved, every `interval_s` seconds and whenever somebody wants it sooner.

    **The database is the truth, the bus is speed**: all that this node must know of others it learns here, also where
    every notice is lost, and what an application or another program has written into the database itself.
    """

    def __init__(self, moves: RoomMoves | None, follow: FollowMoves, registry: RoomRegistry, interval_s: float) -> None:
        registry.learn_by(self.learn)
        self._moves = moves
        self._follow = follow
        self._interval_s = interval_s
        self._cursor: str | None = None
        self._wanted = Signal()
        self._next = _Round()
        self._is_running = False
        self._has_failed = False
        self.answered_at: float | None = None
        """When the storage last said what others have done, by `time.monotonic`; None where it is not asked."""

    def wake(self) -> None:
        """Ask at once."""
        self._wanted.set()

    async def learn(self) -> None:
        """Return when this node knows of all rooms that were made or deleted elsewhere before this was called.

        However many call this, they wait for the same question. Raises Unavailable.
        """
        if not self._is_running:
            return
        waited_for = self._next
        self._wanted.set()
        with move_on_after(remaining_s(PATIENCE_S)):
            await waited_for.over.wait()
            if waited_for.failure is not None:
                raise waited_for.failure
            return
        raise Unavailable("What other nodes have done could not be asked in time")

    async def run(self) -> None:
        """Ask until cancelled; does nothing where the storage serves this node alone."""
        if self._moves is None:
            return
        self._is_running = True
        try:
            while True:
                await self._ask(self._moves)
                with move_on_after(self._interval_s):
                    await self._wanted.wait()
                self._wanted = Signal()
        finally:
            self._is_running = False
            self._end(Unavailable("The server is going down"))

    async def _ask(self, moves: RoomMoves) -> None:
        round_, self._next = self._next, _Round()
        try:
            with deadline_at(monotonic() + PATIENCE_S):
                found = await moves.moved(self._cursor)
                await self._follow(found)
            self._cursor = found.cursor
            self.answered_at = monotonic()
            if self._has_failed:
                logger.warning("other nodes are followed again")
            self._has_failed = False
        except Exception as error:
            round_.failure = error if isinstance(error, DialogueError) else Unavailable("The storage cannot be asked")
            self._log(error)
        round_.over.set()

    def _log(self, error: Exception) -> None:
        if self._has_failed:
            return
        self._has_failed = True
        trace = None if isinstance(error, Unavailable) else error
        logger.warning("what other nodes have done cannot be asked now: %s", error, exc_info=trace)

    def _end(self, error: DialogueError) -> None:
        self._next.failure = error
        self._next.over.set()
