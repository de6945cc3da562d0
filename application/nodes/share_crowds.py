"""Telling the other nodes who is in the rooms here, and learning who is in them there."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from anyio import create_task_group, sleep

from ...domain.errors import Unavailable
from ...domain.ports.presence import MAX_USERS, NodeCrowd, Presence
from ..feed.hub import Hub
from ..rooms.members import Elsewhere
from ..sessions.notice import RoomInfo
from .keep_lease import KeepLease
from .seats import Seats
from .tell_nodes import TellNodes

AT_ONCE = 1_000
"""Of so many rooms at a time it is told and asked."""
PAUSE_S = 0.25
"""What changes in this time is told together."""
REFRESH_S = 5.0
"""So often all rooms are asked for that somebody is in here: where notices are lost sizes are late by this."""

logger = logging.getLogger("dialogue.nodes")


class ShareCrowds:
    """Keeps the storage's picture of this node's rooms, and this node's picture of the others, up to date.

    Sizes are late by some hundred milliseconds, and by a few seconds where notices are lost; places in rooms with a
    maximum are not counted by these, but claimed.
    """

    def __init__(self, presence: Presence | None, lease: KeepLease, seats: Seats, hub: Hub, nodes: TellNodes) -> None:
        self._presence = presence
        self._lease = lease
        self._seats = seats
        self._hub = hub
        self._nodes = nodes
        self._heard: dict[str, None] = {}
        lease.when_over(self._begin_anew)

    def hear(self, room_ids: Sequence[str]) -> None:
        """On another node it has changed who is in these rooms."""
        self._heard.update(dict.fromkeys(room_id for room_id in room_ids if self._hub.local_crowd(room_id).size))

    async def look(self, room_ids: Sequence[str]) -> None:
        """Learn who is in these rooms elsewhere; where that cannot be learned, what was known stays."""
        try:
            await self._ask(room_ids)
        except Unavailable as error:
            logger.debug("who is in rooms elsewhere cannot be asked: %s", error)

    async def rooms_elsewhere(self, user_id: str) -> Mapping[str, int]:
        """In which rooms the user is on other nodes, and with how many sessions. Raises Unavailable."""
        if self._presence is None:
            return {}
        return await self._presence.rooms_of(self._lease.node.node_id, user_id)

    def counted(self, room: RoomInfo) -> RoomInfo:
        """The room with as many in it as are known of now."""
        crowd = self._hub.crowd(room.id)
        return replace(room, size=crowd.size, users=crowd.users)

    async def run(self) -> None:
        """Tell and ask until cancelled; does nothing where the storage serves this node alone."""
        if self._presence is None:
            self._hub.keeps_changes = False
            return
        async with create_task_group() as tasks:
            tasks.start_soon(self._tell_on, self._presence)
            rounds = 0
            while True:
                await sleep(PAUSE_S)
                rounds += 1
                heard, self._heard = self._heard, {}
                await self.look([*self._hub.rooms()] if rounds % round(REFRESH_S / PAUSE_S) == 0 else [*heard])

    async def _tell_on(self, presence: Presence) -> None:
        while True:
            await self._hub.changed()
            await self._lease.begins()
            changed = self._hub.take_changed()
            try:
                await self._tell(presence, changed)
            except Exception as error:
                for room_id in changed:
                    self._hub.note_changed(room_id)
                trace = None if isinstance(error, Unavailable) else error
                logger.debug("who is in rooms here cannot be told: %s", error, exc_info=trace)
            await sleep(PAUSE_S)

    async def _tell(self, presence: Presence, room_ids: Sequence[str]) -> None:
        for room_id in filter(self._seats.is_bounded, room_ids):
            async with self._seats.telling(room_id):
                await self._put(presence, [room_id])
        for some in _bites([room_id for room_id in room_ids if not self._seats.is_bounded(room_id)]):
            await self._put(presence, some)
        for some in _bites(room_ids):
            self._nodes.crowds_changed(some)

    async def _put(self, presence: Presence, room_ids: Sequence[str]) -> None:
        crowds = [self._crowd(room_id) for room_id in room_ids]
        await presence.put(self._lease.node, self._lease.next_number(), crowds)

    def _crowd(self, room_id: str) -> NodeCrowd:
        users = self._hub.users(room_id)
        told = dict(users) if len(users) <= MAX_USERS else None
        return NodeCrowd(room_id=room_id, sessions=self._seats.taken(room_id), users=told)

    async def _ask(self, room_ids: Sequence[str]) -> None:
        for some in _bites(room_ids) if self._presence is not None else ():
            assert self._presence is not None
            found: dict[str, list[NodeCrowd]] = {}
            for crowd in await self._presence.others(self._lease.node.node_id, some):
                found.setdefault(crowd.room_id, []).append(crowd)
            for room_id in some:
                self._hub.set_elsewhere(room_id, _together(found.get(room_id, ())))

    def _begin_anew(self) -> None:
        for room_id in self._hub.rooms():
            self._hub.note_changed(room_id)


def _together(crowds: Iterable[NodeCrowd]) -> Elsewhere | None:
    sessions, users = 0, Counter[str]()
    are_known = True
    for crowd in crowds:
        sessions += crowd.sessions
        users.update(crowd.users or {})
        are_known = are_known and crowd.users is not None
    return Elsewhere(sessions, users if are_known and len(users) <= MAX_USERS else None) if sessions else None


def _bites(room_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(room_ids), AT_ONCE):
        yield room_ids[start : start + AT_ONCE]
