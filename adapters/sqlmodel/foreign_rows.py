"""Rooms in which somebody else has written a row into the place of the next event."""

from __future__ import annotations

import logging

from sqlalchemy import BindParameter, Connection, bindparam, exists, or_, select

from ...domain.errors import Unavailable
from .tables import messages, rooms, streams

MAX_ROOMS = 100

_room_id: BindParameter[str] = bindparam("b_room_id")
_beyond_head = exists().where(
    messages.c.room_id == rooms.c.room_id, rooms.c.room_id == _room_id, messages.c.seq > rooms.c.head
)
_beyond_a_stream = exists().where(
    messages.c.room_id == streams.c.room_id,
    messages.c.event_name == streams.c.event_name,
    streams.c.room_id == _room_id,
    messages.c.event_seq > streams.c.head,
)
IS_THERE = select(or_(_beyond_head, _beyond_a_stream))

logger = logging.getLogger("dialogue.database")


class ForeignRows:
    """Remembers the rooms in which such a row was met, tells of them in the log, and asks whether it is still there."""

    def __init__(self) -> None:
        self._rooms: dict[str, None] = {}

    def note(self, room_id: str, why: str) -> None:
        """Nothing can be kept in that room at present."""
        if room_id not in self._rooms and len(self._rooms) < MAX_ROOMS:
            self._rooms[room_id] = None
            logger.error(
                "room %r: messages holds a row that this server has not written, beyond the head of the room or of a "
                "stream; until it is removed nothing can be kept there (%s)",
                room_id,
                why,
            )

    def ensure_gone(self, connection: Connection) -> None:
        """Raise Unavailable where such a row is still there."""
        for room_id in [*self._rooms]:
            if connection.execute(IS_THERE, {"b_room_id": room_id}).scalar_one():
                raise Unavailable(
                    f"The table messages holds a row of room {room_id!r} that this server has not written, "
                    "in the place of the room's next event"
                )
            del self._rooms[room_id]
            logger.warning("room %r: the foreign row is gone, and events are kept again", room_id)
