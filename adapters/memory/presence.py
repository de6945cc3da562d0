"""Who is in the rooms, over all nodes, in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic

from ...domain.errors import RoomFull
from ...domain.ports.presence import LeaseOver, NodeCrowd


class MemoryPresence:
    """`Presence` for the nodes of one process; `now_s` is its time, which only differences count of."""

    def __init__(self, now_s: Callable[[], float] = monotonic) -> None:
        self._now_s = now_s
        self._until: dict[str, float] = {}
        self._crowds: dict[str, dict[str, NodeCrowd]] = {}  # by node, by room
        self._turns: dict[str, tuple[str, float]] = {}

    async def renew(self, node_id: str, lease_s: float) -> bool:
        """See `Presence.renew`."""
        was_there = self._is_there(node_id)
        if not was_there:
            self._crowds[node_id] = {}
        self._until[node_id] = self._now_s() + lease_s
        return was_there

    async def claim(self, node_id: str, room_id: str, sessions: int, max_size: int) -> None:
        """See `Presence.claim`."""
        self._ensure_there(node_id)
        if sessions + sum(crowd.sessions for crowd in await self.others(node_id, [room_id])) > max_size:
            raise RoomFull(room_id, max_size)
        before = self._crowds[node_id].get(room_id)
        users = () if before is None else before.users
        self._crowds[node_id][room_id] = NodeCrowd(room_id=room_id, sessions=sessions, users=users)

    async def put(self, node_id: str, crowds: Sequence[NodeCrowd]) -> None:
        """See `Presence.put`."""
        self._ensure_there(node_id)
        for crowd in crowds:
            self._crowds[node_id].pop(crowd.room_id, None)
            if crowd.sessions:
                self._crowds[node_id][crowd.room_id] = crowd

    async def others(self, node_id: str, room_ids: Sequence[str]) -> Sequence[NodeCrowd]:
        """See `Presence.others`."""
        there = [crowds for node, crowds in self._crowds.items() if node != node_id and self._is_there(node)]
        return [crowds[room_id] for crowds in there for room_id in dict.fromkeys(room_ids) if room_id in crowds]

    async def leave(self, node_id: str) -> None:
        """See `Presence.leave`."""
        self._until.pop(node_id, None)
        self._crowds.pop(node_id, None)

    async def take_turn(self, work: str, node_id: str, lease_s: float) -> bool:
        """See `Presence.take_turn`."""
        holder, until = self._turns.get(work, ("", 0.0))
        now = self._now_s()
        if holder != node_id and until > now:
            return False
        self._turns[work] = node_id, now + lease_s
        return True

    def _is_there(self, node_id: str) -> bool:
        return self._until.get(node_id, 0.0) > self._now_s()

    def _ensure_there(self, node_id: str) -> None:
        if not self._is_there(node_id):
            raise LeaseOver
