"""What one user has sent, in a SQL database."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, func, select

from ...domain.ports.user_events import SentEvents
from .database import Database
from .tables import messages

# No index leads from a user to the events: erasing is rare, and each event would pay for it. So the table is read once,
# so many rows at a time.
ROWS_AT_ONCE = 20_000

NEWEST = select(func.max(messages.c.id))
SENT = (
    select(messages.c.id, messages.c.room_id, messages.c.seq)
    .where(messages.c.id > bindparam("b_after"), messages.c.id <= bindparam("b_through"))
    .where(messages.c.from_user == bindparam("b_user_id"))
    .order_by(messages.c.id)
    .limit(bindparam("b_limit"))
)


class SqlUserEvents:
    """`UserEvents` over a `Database`; the cursor is the id of the last row that was looked at."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def sent_by(self, user_id: str, cursor: int, limit: int) -> SentEvents:
        """See `UserEvents.sent_by`."""
        return await self._database.read(lambda connection: _sent_by(connection, user_id, cursor, limit))


def _sent_by(connection: Connection, user_id: str, cursor: int, limit: int) -> SentEvents:
    newest = connection.execute(NEWEST).scalar() or 0
    through = min(cursor + ROWS_AT_ONCE, newest)
    bounds = {"b_after": cursor, "b_through": through, "b_user_id": user_id, "b_limit": limit}
    rows = connection.execute(SENT, bounds).all()
    scanned = rows[-1].id if len(rows) == limit else through
    return SentEvents(
        places=[(row.room_id, row.seq) for row in rows],
        cursor=scanned if scanned < newest else None,
        scanned=scanned,
        total=newest,
    )
