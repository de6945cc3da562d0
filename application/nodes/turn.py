"""Work that one node does for all."""

from __future__ import annotations

from time import monotonic

from ...domain.ports.presence import Presence
from .keep_lease import KeepLease


class Turn:
    """Whether it is this node's turn to do a work, which it then keeps for `lease_s` seconds after it was last asked.

    A node that is alone always has it, and one that another has replaced never.
    """

    def __init__(self, presence: Presence | None, lease: KeepLease, work: str, lease_s: float) -> None:
        self._presence = presence
        self._lease = lease
        self._work = work
        self._lease_s = lease_s
        self._until = 0.0

    async def is_ours(self) -> bool:
        """Ask, and keep it; to be asked again and again while the work goes on. Raises Unavailable."""
        if self._lease.is_replaced:
            return False
        now = monotonic()
        if self._presence is None or now < self._until - self._lease_s / 2:
            return True
        has_it = await self._presence.take_turn(self._work, self._lease.node.node_id, self._lease_s)
        self._until = now + self._lease_s if has_it else 0.0
        return has_it
