"""Telling a room's members how many they are."""

from __future__ import annotations

from anyio import current_time, sleep

from ..feed.hub import Hub
from ..ports.codec import Codec
from ..sessions.frame import Frame
from ..sessions.notice import RoomSize

INTERVAL_S = 1.0
"""A room's size is told at most once in so many seconds."""

MEMBERS_A_SECOND = 2_000
"""And in a large room so that no more than so many of its members are told in a second."""


class TellSizes:
    """Tells the members of rooms whose size has changed: the last value always, those between where there is time.

    Whoever is behind, or not yet in, is left out until it has caught up.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._not_before: dict[str, float] = {}

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            await self._hub.resized()
            await sleep(INTERVAL_S)
            self.tell(current_time())

    def tell(self, now: float) -> None:
        """Tell the members of those rooms whose turn it is."""
        for room_id in list(self._hub.resized_rooms):
            if self._not_before.get(room_id, 0) > now:
                continue
            del self._hub.resized_rooms[room_id]
            if not self._tell_members(room_id):
                self._hub.note_resized(room_id)
            wait_s = max(INTERVAL_S, self._hub.crowd(room_id).size / MEMBERS_A_SECOND)
            self._not_before[room_id] = now + wait_s - INTERVAL_S / 2  # a tick that comes a little early counts
        self._not_before = {room_id: at for room_id, at in self._not_before.items() if at > now}

    def _tell_members(self, room_id: str) -> bool:
        crowd = self._hub.crowd(room_id)
        encoded: dict[Codec, Frame] = {}
        are_all_told = True
        for session, membership in self._hub.memberships(room_id):
            if membership.told_size == (crowd.size, crowd.users):
                continue
            if session.outbox.is_behind or membership.held is not None:
                are_all_told = False
                continue
            if session.codec not in encoded:
                encoded[session.codec] = session.codec.notice(RoomSize(room_id, crowd.size, crowd.users))
            session.outbox.put(encoded[session.codec])
            membership.told_size = crowd.size, crowd.users
        return are_all_told
