"""What others have done to the rooms: one indexed query, however many rooms there are.

Plain numbers are given in another order than they become visible. So each change of a room writes the number of its
transaction into the room's row, and whoever asks keeps the snapshot with which he asked. What was not visible then are
the rows of transactions that came later, and of those that were still open.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, select, text

from ....domain.ports.room_moves import Moves, RoomMove
from ..database import Database
from ..tables import rooms

ASKED_AT_ONCE = 1_000

# Of another server, another line of its life, another database or another table nothing can be told from a snapshot.
_IDENTITY = """
    (SELECT system_identifier FROM pg_control_system()) || '/'
    || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) || '/' || pg_relation_filepath('dialogue_rooms')
"""
_NOW = f"SELECT {_IDENTITY} AS identity, CAST(pg_current_snapshot() AS text) AS snapshot"
NOW = text(_NOW)
# Numbers that are not given yet are a restored dump's; they tell nothing, and are mended at the start.
MOVED = text(f"""
    SELECT identity, snapshot, room_id, epoch, head, floor, stamp, definition IS NOT NULL
    FROM ({_NOW}) AS now
    LEFT JOIN (
        SELECT * FROM dialogue_rooms
        WHERE moved >= CAST(:next AS xid8) AND moved < pg_snapshot_xmax(pg_current_snapshot())
        UNION ALL
        SELECT * FROM dialogue_rooms WHERE moved = ANY (CAST(:still_open AS xid8[]))
    ) AS moved ON true
""")
_room_ids: BindParameter[Sequence[str]] = bindparam("b_room_ids", expanding=True)
AT = select(
    rooms.c.room_id, rooms.c.epoch, rooms.c.head, rooms.c.floor, rooms.c.stamp, rooms.c.definition.is_not(None)
).where(rooms.c.room_id.in_(_room_ids))
FROM_THE_FUTURE = text("""
    UPDATE dialogue_rooms SET moved = pg_current_xact_id() WHERE room_id IN (
        SELECT room_id FROM dialogue_rooms WHERE moved >= pg_snapshot_xmax(pg_current_snapshot())
        ORDER BY room_id LIMIT :limit FOR UPDATE
    )
""")


@dataclass(frozen=True, slots=True)
class _Cursor:
    """Where, and with which snapshot, somebody asked: all transactions before `next` but for `still_open` had ended."""

    identity: str
    next: int
    still_open: tuple[int, ...]

    @classmethod
    def of(cls, cursor: str) -> _Cursor | None:
        """What the text says; None where it is not one of ours."""
        found = re.fullmatch(r"(.+) \d+:(\d+):([\d,]*)", cursor)
        return (
            None if found is None else cls(found[1], int(found[2]), tuple(map(int, filter(None, found[3].split(",")))))
        )


class PostgresqlRoomMoves:
    """`RoomMoves` over a PostgreSQL database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def moved(self, since: str | None) -> Moves:
        """See `RoomMoves.moved`."""
        last = None if since is None else _Cursor.of(since)
        return await self._database.peek(lambda connection: _moved(connection, last))

    async def at(self, room_ids: Sequence[str]) -> Sequence[RoomMove]:
        """See `RoomMoves.at`."""
        return await self._database.read(lambda connection: _at(connection, list(dict.fromkeys(room_ids))))


def mend_moves(connection: Connection, limit: int = 10_000) -> int:
    """Let up to `limit` rooms move now whose last move lies in the future, as in a restored dump; how many did."""
    return connection.execute(FROM_THE_FUTURE, {"limit": limit}).rowcount


def _moved(connection: Connection, last: _Cursor | None) -> Moves:
    if last is None:
        identity, snapshot = connection.execute(NOW).one()
        return Moves(cursor=f"{identity} {snapshot}", rooms=(), is_complete=False)
    parameters = {"next": last.next, "still_open": last.still_open}
    rows = connection.execute(MOVED, parameters).all()
    cursor = f"{rows[0][0]} {rows[0][1]}"
    now = _Cursor.of(cursor)
    assert now is not None
    # Numbers go back where a backup was put into the place of the server's data.
    if now.identity != last.identity or now.next < last.next:
        return Moves(cursor=cursor, rooms=(), is_complete=False)
    return Moves(cursor=cursor, rooms=[_move(row[2:]) for row in rows if row[2] is not None])


def _at(connection: Connection, room_ids: Sequence[str]) -> list[RoomMove]:
    found: list[RoomMove] = []
    for start in range(0, len(room_ids), ASKED_AT_ONCE):
        rows = connection.execute(AT, {"b_room_ids": room_ids[start : start + ASKED_AT_ONCE]})
        found += map(_move, rows)
    return found


def _move(row: Any) -> RoomMove:
    room_id, epoch, head, floor, stamp, is_made = row
    return RoomMove(room_id=room_id, epoch=epoch, head=head, floor=floor, stamp=stamp, is_made=is_made)
