"""What one user has sent, in a SQL database."""

from __future__ import annotations

import json

from sqlalchemy import BindParameter, Connection, bindparam, func, select, tuple_

from ...domain.ports.user_events import SentEvents
from .database import Database
from .tables import messages, rooms

_user_id: BindParameter[str] = bindparam("b_user_id")
_place = tuple_(messages.c.room_id, messages.c.event_name, messages.c.event_seq)
SENT = (
    select(messages.c.room_id, messages.c.event_name, messages.c.event_seq, messages.c.seq)
    .where(messages.c.from_user == _user_id)
    .where(_place > tuple_(bindparam("b_room_id"), bindparam("b_event_name"), bindparam("b_event_seq")))
    .order_by(messages.c.room_id, messages.c.event_name, messages.c.event_seq)
    .limit(bindparam("b_limit"))
)
"""The user's next events in the order of their index."""
FLOORS = select(rooms.c.room_id, rooms.c.floor).where(rooms.c.room_id.in_(bindparam("b_room_ids", expanding=True)))
COUNT = select(func.count()).select_from(messages).where(messages.c.from_user == _user_id)


class SqlUserEvents:
    """`UserEvents` over a `Database`; the cursor is the place in the index, and how far the search was there."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def sent_by(self, user_id: str, cursor: str, limit: int) -> SentEvents:
        """See `UserEvents.sent_by`."""
        return await self._database.read(lambda connection: _sent_by(connection, user_id, cursor, limit))


def _sent_by(connection: Connection, user_id: str, cursor: str, limit: int) -> SentEvents:
    if cursor:
        after, scanned, total = json.loads(cursor)
    else:
        after, scanned = ("", "", 0), 0
        total = connection.execute(COUNT, {"b_user_id": user_id}).scalar_one()
    bounds = dict(zip(("b_room_id", "b_event_name", "b_event_seq"), after, strict=True))
    rows = connection.execute(SENT, {**bounds, "b_user_id": user_id, "b_limit": limit}).all()
    found = connection.execute(FLOORS, {"b_room_ids": list({row.room_id for row in rows})})
    floors = {row.room_id: row.floor for row in found}
    scanned += len(rows)
    is_end = len(rows) < limit
    return SentEvents(
        # What lies below the floor ended with an earlier life of its room; a sweep removes it.
        places=sorted((row.room_id, row.seq) for row in rows if row.seq > floors.get(row.room_id, 0)),
        cursor=None if is_end else json.dumps([list(rows[-1][:3]), scanned, total]),
        scanned=scanned,
        total=max(scanned, total),
    )
