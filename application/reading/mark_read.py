"""Remembering how far a user has read."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from ...domain.errors import PositionUnknown, Unavailable
from ...domain.ports.read_marks import Mark, ReadMarks
from ..feed.apply_events import ApplyEvents
from ..feed.hub import Hub
from ..nodes.tell_nodes import TellNodes
from ..rooms.room_registry import RoomRegistry
from ..sessions.notice import Marked
from ..sessions.session import Session

logger = logging.getLogger("dialogue.marks")


class MarkRead:
    """Keeps a member's mark, tells the user's other sessions, and counts what is unread."""

    def __init__(
        self, registry: RoomRegistry, hub: Hub, marks: ReadMarks, apply: ApplyEvents, nodes: TellNodes
    ) -> None:
        self._nodes = nodes
        self._registry = registry
        self._hub = hub
        self._marks = marks
        self._apply = apply

    async def __call__(self, session: Session, room_id: str, seq: int) -> Mark:
        """Remember that the session's user has read the room up to `seq`; what is in force now.

        Raises NotJoined, PositionUnknown where `seq` lies beyond the room's head, and Unavailable.
        """
        floor = session.membership(room_id).floor
        _, history = await self._registry.open(room_id)
        if seq > history.head:
            await self._apply.look(room_id)  # somebody must have seen it
            _, history = await self._registry.open(room_id)
        if seq > history.head:
            why = f"seq {seq} lies beyond the room's head"
            raise PositionUnknown(why, epoch=history.epoch, floor=max(history.floor, floor), head=history.head)
        mark = await self._marks.mark(session.user_id, room_id, max(seq, floor))
        marked = Marked(room_id=room_id, seq=mark.seq, unread=mark.unread)
        self._hub.tell_user(session.user_id, marked, but=session)
        self._nodes.marked(session.user_id, marked)
        return mark

    async def unread(self, user_id: str, room_ids: Sequence[str]) -> Mapping[str, int]:
        """How many events are unread in each of these rooms in which the user has a mark.

        Where the marks cannot be reached there are none: rooms are listed all the same.
        """
        try:
            return await self._marks.unread(user_id, room_ids)
        except Unavailable as error:
            logger.warning("rooms are listed without what is unread: %s", error)
            return {}
