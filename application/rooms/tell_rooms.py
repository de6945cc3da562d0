"""Telling who is connected of rooms that were made and deleted."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from anyio import Event as Signal
from anyio import create_task_group
from anyio.lowlevel import checkpoint

from ...domain.errors import Unavailable
from ..access.access import Access
from ..feed.hub import Hub
from ..feed.listeners import Listeners
from ..nodes.tell_nodes import TellNodes
from ..sessions.notice import RoomCreated, RoomDeleted
from ..sessions.session import Session

MAX_WAITING = 10_000
AT_ONCE = 20
"""So many sessions' users are asked about at a time."""

logger = logging.getLogger("dialogue.rooms")


@dataclass(frozen=True, slots=True)
class _News:
    notice: RoomCreated | RoomDeleted
    but: Session | None

    @property
    def room_id(self) -> str:
        return self.notice.room.id if isinstance(self.notice, RoomCreated) else self.notice.room_id


class TellRooms:
    """Tells every session that may see the room, in the order in which it happened.

    Where the application has rules for that they are asked for each session, beside everything else; whoever was left
    out because too much waits finds the rooms in the next list.
    """

    def __init__(self, hub: Hub, access: Access, nodes: TellNodes, listeners: Listeners) -> None:
        self._listeners = listeners
        self._hub = hub
        self._access = access
        self._nodes = nodes
        self._waiting: deque[_News] = deque()
        self._arrived = Signal()

    def changed(self, notice: RoomCreated | RoomDeleted, *, but: Session | None) -> None:
        """Tell what was done here: other nodes and the application, too, and all sessions but the one that did it."""
        self(notice, but=but)
        self._nodes.rooms_changed()
        if isinstance(notice, RoomCreated):
            self._listeners.tell_room("on_room_created", notice.room)
        else:
            self._listeners.tell_room("on_room_deleted", notice.room_id)

    def __call__(self, notice: RoomCreated | RoomDeleted, *, but: Session | None = None) -> None:
        """Tell the sessions of this node, all but one."""
        if self._access.is_open:
            self._hub.announce(notice, but=but)
            return
        news = _News(notice, but)
        if len(self._waiting) >= MAX_WAITING:
            logger.warning("too many rooms are made and deleted: nobody is told of %r", news.room_id)
            return
        self._waiting.append(news)
        self._arrived.set()

    async def run(self) -> None:
        """Ask who may see a room, and tell them, until cancelled."""
        while True:
            if not self._waiting:
                self._arrived = Signal()
                await self._arrived.wait()
            news = self._waiting.popleft()
            sessions = [session for session in self._hub.sessions() if session is not news.but]
            try:
                for start in range(0, len(sessions), AT_ONCE):
                    await self._tell(news, sessions[start : start + AT_ONCE])
                    await checkpoint()
            except Unavailable:
                logger.warning("not all who may see room %r are told of it: the rules do not say", news.room_id)

    async def _tell(self, news: _News, sessions: Sequence[Session]) -> None:
        seeing: dict[Session, bool] = {}
        failures: list[Unavailable] = []

        async def ask(session: Session) -> None:
            try:
                seeing[session] = await self._access.sees(session.identity, news.room_id)
            except Unavailable as error:
                failures.append(error)

        async with create_task_group() as tasks:
            for session in sessions:
                tasks.start_soon(ask, session)
        told = [session for session in sessions if seeing.get(session) and not session.has_ended]
        self._hub.tell(told, news.notice)
        if failures:
            raise failures[0]
