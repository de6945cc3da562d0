"""How far the application was told of evicted events, in a SQL database."""

from __future__ import annotations

from sqlalchemy import BindParameter, bindparam, select

from .commit_outcome import write_again
from .database import Database
from .tables import streams

_room_id: BindParameter[str] = bindparam("b_room_id")
_here = (streams.c.room_id == _room_id, streams.c.event_name == bindparam("b_event_name"))
TOLD = select(streams.c.told).where(*_here)
MARK = streams.update().where(*_here).values(told=bindparam("b_told"))


class SqlEvictionMarks:
    """`EvictionMarks` over a `Database`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def acknowledged(self, room_id: str, name: str) -> int:
        """See `EvictionMarks.acknowledged`."""
        here = {"b_room_id": room_id, "b_event_name": name}
        return await self._database.read(lambda connection: connection.execute(TOLD, here).scalar() or 0)

    async def mark(self, room_id: str, name: str, event_seq: int) -> None:
        """See `EvictionMarks.mark`."""
        row = {"b_room_id": room_id, "b_event_name": name, "b_told": event_seq}
        await write_again(self._database, lambda connection: connection.execute(MARK, row))
