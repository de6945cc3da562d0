"""The port that knows who is in the rooms, over all nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ..errors import Unavailable

MAX_USERS = 1_000
"""Of a room with more users on one node their ids are not told, only how many sessions there are."""


class LeaseOver(Unavailable):
    """This node's lease was over: others may have given its members' places away."""

    def __init__(self) -> None:
        super().__init__("This node was not heard of for too long, and begins anew")


class NodeReplaced(Unavailable):
    """Another process is there under this node's id, and was started later."""

    def __init__(self, node_id: str) -> None:
        super().__init__(f"Another node was started as {node_id!r}; each needs a node id of its own")
        self.node_id = node_id


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeLife:
    """A node for as long as its lease lasts without a break. A later life of the same node has a larger `life`."""

    node_id: str
    life: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeCrowd:
    """Who is in a room on one node: so many sessions, and of each user how many; None where users are too many.

    They are too many to tell where there are more than MAX_USERS.
    """

    room_id: str
    sessions: int
    users: Mapping[str, int] | None = field(default_factory=dict)


class Presence(Protocol):
    """Knows how many sessions each node has in each room, for as long as the node's lease lasts.

    A node is there from its `renew` until `lease_s` later, by the storage's own time and no other clock; what a node
    has said of its rooms ends with its lease. All that a node says is absolute, so that saying it twice, or not knowing
    whether it was heard, does no harm. What it says of a room has a `number`, larger each time within its life: what
    comes behind a later word of that room, maybe long after the node has given it up for lost, changes nothing. All
    methods raise Unavailable.
    """

    async def renew(self, node: NodeLife, lease_s: float) -> None:
        """Let the node be there for `lease_s` seconds more.

        A life that is new begins, with nobody in any room, and ends an earlier one of the same node. Raises LeaseOver
        where this life was there and is over: it does not begin again. Raises NodeReplaced where a later one is there.
        """
        ...

    async def claim(self, node: NodeLife, number: int, room_id: str, sessions: int, max_size: int) -> None:
        """Let the node have `sessions` sessions in the room, instead of what it had.

        Raises RoomFull, changing nothing, where the nodes that are there would then have more than `max_size` together;
        of several that claim at once none gets past that. Raises LeaseOver where this life of the node is not there.
        """
        ...

    async def put(self, node: NodeLife, number: int, crowds: Sequence[NodeCrowd]) -> None:
        """Let the node have these in those rooms, instead of what it had; no sessions are nobody.

        Raises LeaseOver where this life of the node is not there.
        """
        ...

    async def others(self, node_id: str, room_ids: Sequence[str]) -> Sequence[NodeCrowd]:
        """Who is in these rooms on each other node that is there, in no order; nodes on which nobody is are left out.

        After a `claim` the sessions are told at once, their users after the next `put`.
        """
        ...

    async def rooms_of(self, node_id: str, user_id: str) -> Mapping[str, int]:
        """In which rooms the user is on the other nodes that are there, and with how many sessions, by room.

        A room is not among them where no node told who is in it, since they are too many there.
        """
        ...

    async def leave(self, node: NodeLife) -> None:
        """End this life of the node: it is there no more, and nobody on it. Doing so twice is fine."""
        ...

    async def take_turn(self, work: str, node_id: str, lease_s: float) -> bool:
        """Whether that work is the node's for `lease_s` seconds more: nobody else's turn lasts. It may be taken again.

        Whoever has it keeps it as long as he takes it in time, also where `renew` is not called.
        """
        ...
