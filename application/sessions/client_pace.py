"""How fast one connection goes."""

from __future__ import annotations

from anyio import current_time

from ...domain.errors import DialogueError
from ...domain.rate import Rate
from ..ports.peer import Peer
from ..ports.rate_limiter import Action
from ..rooms.list_rooms import RoomList
from .answers import Answer
from .client_limits import A_ROOM, ClientLimits
from .requests import CreateRoom, DeleteRoom, GetHistory, Join, Ping, SessionRequest, Trigger, TriggerBatch
from .session import Session

PINGS_A_SECOND = 50
"""More pings than these wait a moment each."""
SMALL = 1_024
"""Smaller answers, and events, are not counted by their bytes: their number is."""

_ACTIONS: dict[type[object], Action] = {
    Join: "joins",
    GetHistory: "history",
    CreateRoom: "rooms",
    DeleteRoom: "rooms",
    Trigger: "events",
    TriggerBatch: "events",
}


class ClientPace:
    """Counts what one connection asks for, and how often it was told that it asks too fast."""

    def __init__(self, limits: ClientLimits, warnings: Rate, peer: Peer) -> None:
        self._limits = limits
        self._warnings = warnings
        self._peer = peer
        self._warned = 0
        self._since = 0.0
        self._pings = 0
        self._pinged_since = 0.0

    def is_held_up(self, request: SessionRequest | DialogueError) -> bool:
        """Whether the request is a ping too many: those are never refused, and can be answered later."""
        if not isinstance(request, Ping):
            return False
        now = current_time()
        if now - self._pinged_since > 1:
            self._pinged_since, self._pings = now, 0
        self._pings += 1
        return self._pings > PINGS_A_SECOND

    def ensure(self, request: SessionRequest | DialogueError, size: int, session: Session | None) -> None:
        """Count the request, of `size` bytes. Raises RateLimited; and NotJoined first, for an event in a room of other
        people's."""
        if isinstance(request, Ping):
            return
        user_id = None if session is None else session.user_id
        self._limits.ensure("requests", user_id, self._peer)
        if size > SMALL or not isinstance(request, Trigger):
            self._limits.ensure("traffic", user_id, self._peer, size)
        action = _ACTIONS.get(type(request))
        if action is None or session is None:
            return
        if isinstance(request, Trigger | TriggerBatch):
            session.membership(request.room_id)
        cost = len(request.events) if isinstance(request, TriggerBatch) else 1
        self._limits.ensure(action, user_id, self._peer, cost)
        if isinstance(request, Trigger | TriggerBatch):
            told = self._limits.cost_of_telling(request.room_id, size)
            if told:
                self._limits.ensure("traffic", user_id, self._peer, told)

    def answered(self, answer: Answer, size: int, session: Session | None) -> None:
        """Count an answer of so many bytes, and what it took: that nobody knows before."""
        if isinstance(answer, RoomList):
            size += answer.asked_about * A_ROOM
        if size > SMALL:
            self._limits.charge("traffic", None if session is None else session.user_id, self._peer, size)

    def warn(self) -> bool:
        """Count that the client was told; whether that was once too often."""
        now = current_time()
        if now - self._since > self._warnings.per_s:
            self._since, self._warned = now, 0
        self._warned += 1
        return self._warned > self._warnings.amount
