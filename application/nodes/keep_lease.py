"""Staying there for the other nodes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from secrets import token_hex
from time import monotonic

from anyio import CancelScope, create_task_group, move_on_after, sleep
from anyio import Event as Signal

from ...domain.errors import Unavailable
from ...domain.ports.presence import LeaseOver, NodeLife, NodeReplaced, Presence
from ..deadline import deadline_at, remaining_s
from ..ports.clock import Clock

LEASE_S = 15.0
"""After so long without a sign of it a node is given up by the others."""
RENEWALS = 3
"""So often in one lease it is renewed."""
MARGIN = 0.9
"""The part of a lease that this node itself counts on: its clock may run a little slower than the storage's."""
PATIENCE_S = 5.0
LEAVING_S = 1.0

logger = logging.getLogger("dialogue.nodes")


def new_life(node_id: str, clock: Clock) -> NodeLife:
    """The life that begins with this process: a later one than those before it, and no other's, by a random part."""
    return NodeLife(node_id=node_id, life=clock.now_ms() << 16 | int(token_hex(2), 16))


class KeepLease:
    """Renews this node's lease, and tells when it is over: then others may have given places away that it counts as its
    own, and whoever holds such places must give them up before anything else.

    It is over when this node could not renew it in time, by its own clock, or when the storage says so; then the next
    life of the node begins. Where another process was started under the same id, that one has the lease, and this node
    says so, and waits for it to end.
    """

    def __init__(self, presence: Presence | None, node: NodeLife, lease_s: float = LEASE_S) -> None:
        self.node = node
        self.is_replaced = False
        self._presence = presence
        self._number = 0
        self._lease_s = lease_s
        self._until = 0.0
        self._changed = Signal()
        self._is_failing = False
        self._over: list[Callable[[], None]] = []

    def when_over(self, over: Callable[[], None]) -> None:
        """Call `over()`, synchronously, whenever a lease has ended."""
        self._over.append(over)

    @property
    def is_held(self) -> bool:
        """Whether this node is there for the others at this moment."""
        return self._presence is None or monotonic() < self._until

    def next_number(self) -> int:
        """The number of the next word that this node says."""
        self._number += 1
        return self._number

    async def held(self) -> NodeLife:
        """Wait until it is, as long as the present request may; which life that is. Raises LeaseOver."""
        with move_on_after(remaining_s(PATIENCE_S)):
            while not self.is_held:
                await self._changed.wait()
        if not self.is_held:
            raise LeaseOver
        return self.node

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
                await self._presence.leave(self.node)  # where that fails the lease ends by itself

    async def _renew(self, presence: Presence) -> None:
        began, node = monotonic(), self.node
        try:
            with deadline_at(began + self._lease_s / RENEWALS):
                await presence.renew(node, self._lease_s)
        except LeaseOver:
            if node == self.node:
                self._end()
            return
        except NodeReplaced as replaced:
            if not self.is_replaced:
                logger.error("%s", replaced)
            self.is_replaced = True
            if self._until:
                self._end()
            return
        except Exception as error:
            if not self._is_failing:
                trace = None if isinstance(error, Unavailable) else error
                logger.warning("this node's lease cannot be renewed: %s", error, exc_info=trace)
            self._is_failing = True
            return
        self._is_failing = self.is_replaced = False
        if node != self.node:
            return  # it is over meanwhile
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
        self.node = replace(self.node, life=self.node.life + 1)
        for over in self._over:
            over()
