"""Staying there for the other nodes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from time import monotonic

from anyio import CancelScope, create_task_group, move_on_after, sleep
from anyio import Event as Signal

from ...domain.errors import Unavailable
from ...domain.ports.presence import LeaseOver, Presence
from ..deadline import deadline_at, remaining_s

LEASE_S = 15.0
"""After so long without a sign of it a node is given up by the others."""
RENEWALS = 3
"""So often in one lease it is renewed."""
MARGIN = 0.9
"""The part of a lease that this node itself counts on: its clock may run a little slower than the storage's."""
PATIENCE_S = 5.0
LEAVING_S = 1.0

logger = logging.getLogger("dialogue.nodes")


class KeepLease:
    """Renews this node's lease, and tells when it is over: then others may have given places away that it counts as its
    own, and whoever holds such places must give them up before anything else.

    It is over when this node could not renew it in time, by its own clock, or when the storage says so.
    """

    def __init__(self, presence: Presence | None, node_id: str, lease_s: float = LEASE_S) -> None:
        self._presence = presence
        self._node_id = node_id
        self._lease_s = lease_s
        self._until = 0.0
        self._changed = Signal()
        self._is_failing = False
        self._over: list[Callable[[], None]] = []

    def when_over(self, over: Callable[[], None]) -> None:
        """Call `over()`, synchronously, whenever a lease has ended, and also when the first one begins."""
        self._over.append(over)

    @property
    def is_held(self) -> bool:
        """Whether this node is there for the others at this moment."""
        return self._presence is None or monotonic() < self._until

    async def held(self) -> None:
        """Wait until it is, as long as the present request may. Raises LeaseOver."""
        with move_on_after(remaining_s(PATIENCE_S)):
            while not self.is_held:
                await self._changed.wait()
        if not self.is_held:
            raise LeaseOver

    async def begins(self) -> None:
        """Wait until it is, however long that takes."""
        while not self.is_held:
            await self._changed.wait()

    async def run(self) -> None:
        """Renew until cancelled, and be there no more then."""
        if self._presence is None:
            return
        try:
            async with create_task_group() as tasks:
                tasks.start_soon(self._watch)
                while True:
                    await self._renew(self._presence)
                    await sleep(self._lease_s / RENEWALS if self.is_held else self._lease_s / RENEWALS / 10)
        finally:
            self._until = 0.0
            with CancelScope(shield=True), move_on_after(LEAVING_S), suppress(Exception):
                await self._presence.leave(self._node_id)  # where that fails the lease ends by itself

    async def _renew(self, presence: Presence) -> None:
        began = monotonic()
        try:
            with deadline_at(began + self._lease_s / RENEWALS):
                was_there = await presence.renew(self._node_id, self._lease_s)
        except Exception as error:
            if not self._is_failing:
                trace = None if isinstance(error, Unavailable) else error
                logger.warning("this node's lease cannot be renewed: %s", error, exc_info=trace)
            self._is_failing = True
            return
        self._is_failing = False
        if not was_there:
            self._end()
        self._until = max(self._until, began + self._lease_s * MARGIN)
        changed, self._changed = self._changed, Signal()
        changed.set()

    async def _watch(self) -> None:
        while True:
            until = self._until
            if not until:
                await self._changed.wait()
            elif until <= monotonic():
                logger.warning("this node's lease is over: others may give its members' places away")
                self._end()
            else:
                await sleep(until - monotonic())

    def _end(self) -> None:
        self._until = 0.0
        for over in self._over:
            over()
