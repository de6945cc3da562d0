"""Who is in the rooms, over all nodes, in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic

from ...domain.errors import RoomFull
from ...domain.ports.presence import LeaseOver, NodeCrowd, NodeLife, NodeReplaced

FORGOTTEN_S = 3_600.0
"""So long it is remembered that nobody is in a room any more: no word is on its way for longer."""


@dataclass(slots=True)
class _Said:
    """What a node has said of a room last, with which number, and when."""

    crowd: NodeCrowd
    number: int
    at_s: float


@dataclass(slots=True)
class _Lease:
    """One life of a node, until when it is there, and what it has said, by room."""

    life: int
    until: float
    said: dict[str, _Said] = field(default_factory=dict)


class MemoryPresence:
    """`Presence` for the nodes of one process; `now_s` is its time, which only differences count of."""

    def __init__(self, now_s: Callable[[], float] = monotonic) -> None:
        self._now_s = now_s
        self._leases: dict[str, _Lease] = {}
        self._turns: dict[str, tuple[str, float]] = {}

    async def renew(self, node: NodeLife, lease_s: float) -> None:
        """See `Presence.renew`."""
        lease = self._leases.get(node.node_id)
        is_there = lease is not None and lease.until > self._now_s()
        if lease is None or (node.life > lease.life if is_there else node.life != lease.life):
            lease = self._leases[node.node_id] = _Lease(node.life, 0.0)
        elif not is_there:
            raise LeaseOver
        elif node.life < lease.life:
            raise NodeReplaced(node.node_id)
        lease.until = self._now_s() + lease_s
        self._forget(lease)

    async def claim(self, node: NodeLife, number: int, room_id: str, sessions: int, max_size: int) -> None:
        """See `Presence.claim`."""
        lease = self._lease_of(node)
        if sessions + sum(crowd.sessions for crowd in await self.others(node.node_id, [room_id])) > max_size:
            raise RoomFull(room_id, max_size)
        before = lease.said.get(room_id)
        crowd = NodeCrowd(room_id=room_id, sessions=0) if before is None else before.crowd
        self._say(lease, number, replace(crowd, sessions=sessions))

    async def put(self, node: NodeLife, number: int, crowds: Sequence[NodeCrowd]) -> None:
        """See `Presence.put`."""
        lease = self._lease_of(node)
        for crowd in crowds:
            self._say(lease, number, crowd)

    async def others(self, node_id: str, room_ids: Sequence[str]) -> Sequence[NodeCrowd]:
        """See `Presence.others`."""
        now_s = self._now_s()
        there = [lease.said for node, lease in self._leases.items() if node != node_id and lease.until > now_s]
        wanted = dict.fromkeys(room_ids)
        found = [said[room_id].crowd for said in there for room_id in wanted if room_id in said]
        return [crowd for crowd in found if crowd.sessions]

    async def rooms_of(self, node_id: str, user_id: str) -> Mapping[str, int]:
        """See `Presence.rooms_of`."""
        found = Counter[str]()
        for crowd in await self.others(node_id, [room for lease in self._leases.values() for room in lease.said]):
            found[crowd.room_id] += (crowd.users or {}).get(user_id, 0)
        return +found

    async def leave(self, node: NodeLife) -> None:
        """See `Presence.leave`."""
        lease = self._leases.get(node.node_id)
        if lease is not None and lease.life == node.life:
            lease.until = self._now_s()
            lease.said.clear()

    async def take_turn(self, work: str, node_id: str, lease_s: float) -> bool:
        """See `Presence.take_turn`."""
        holder, until = self._turns.get(work, ("", 0.0))
        now = self._now_s()
        if holder != node_id and until > now:
            return False
        self._turns[work] = node_id, now + lease_s
        return True

    def _lease_of(self, node: NodeLife) -> _Lease:
        lease = self._leases.get(node.node_id)
        if lease is None or lease.life != node.life or lease.until <= self._now_s():
            raise LeaseOver
        return lease

    def _say(self, lease: _Lease, number: int, crowd: NodeCrowd) -> None:
        before = lease.said.get(crowd.room_id)
        if before is None or before.number < number:
            lease.said[crowd.room_id] = _Said(crowd, number, self._now_s())

    def _forget(self, lease: _Lease) -> None:
        since = self._now_s() - FORGOTTEN_S
        over = [room_id for room_id, said in lease.said.items() if not said.crowd.sessions and said.at_s < since]
        for room_id in over:
            del lease.said[room_id]
