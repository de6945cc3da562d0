"""Removals of users: rows that nodes find as they find what moved."""

from __future__ import annotations

from sqlalchemy import Connection, text

from ....domain.ports.removals import Removal
from ..database import Database

REMEMBERED = "1 day"

ADD = text("INSERT INTO dialogue_removals (user_id, room_id, reason) VALUES (:user, :room, :reason)")
FORGET = text(f"""
    DELETE FROM dialogue_removals WHERE removal_id IN (
        SELECT removal_id FROM dialogue_removals WHERE removed_at < clock_timestamp() - interval '{REMEMBERED}'
        ORDER BY removal_id LIMIT 1000 FOR UPDATE SKIP LOCKED
    )
""")


class PostgresqlRemovals:
    """`Removals` over a PostgreSQL database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, removal: Removal) -> None:
        """See `Removals.add`."""
        await self._database.write(lambda connection: _add(connection, removal))


def _add(connection: Connection, removal: Removal) -> None:
    connection.execute(FORGET)
    connection.execute(ADD, {"user": removal.user_id, "room": removal.room_id, "reason": removal.reason})
