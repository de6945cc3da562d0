"""What others have done to the rooms: one indexed query, however many rooms there are.

Plain numbers are given in another order than they become visible. So each change of a room writes the number of its
transaction into the room's row, and whoever asks keeps the snapshot with which he asked. What was not visible then are
the rows of transactions that came later, and of those that were still open.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ARRAY, BindParameter, Connection, String, any_, bindparam, select, text

from ....domain.ports.removals import Removal
from ....domain.ports.room_moves import Moves, RoomMove
from ..database import Database
from ..tables import rooms
from .asked_together import AskedTogether
from .removals import REMEMBERED

ASKED_AT_ONCE = 1_000

# Of another server, another line of its life, another database or another table nothing can be told from a snapshot.
_IDENTITY = """
    (SELECT system_identifier FROM pg_control_system()) || '/'
    || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) || '/' || pg_relation_filepath('dialogue_rooms')
"""
_NOW = f"""
    SELECT {_IDENTITY} AS identity, CAST(pg_current_snapshot() AS text) AS snapshot,
        CAST(extract(EPOCH FROM clock_timestamp()) AS bigint) AS now_s
"""
NOW = text(_NOW)
# Numbers that are not given yet are a restored dump's; they tell nothing, and are mended at the start.
_ROOMS = """
    SELECT room_id, epoch, head, floor, stamp, definition IS NOT NULL AS is_made,
        CAST(NULL AS bigint) AS removal_id, CAST(NULL AS text) AS user_id, CAST(NULL AS text) AS reason
    FROM dialogue_rooms
"""
_REMOVALS = "SELECT room_id, NULL, NULL, NULL, NULL, NULL, removal_id, user_id, reason FROM dialogue_removals"
_CAME_LATER = "moved >= CAST(:next AS xid8) AND moved < pg_snapshot_xmax(pg_current_snapshot())"
_WERE_OPEN = "moved = ANY (CAST(:still_open AS xid8[]))"
# A dump that is restored may bring old ones, whose transactions seem to be of now.
_IS_REMEMBERED = f"removed_at > clock_timestamp() - interval '{REMEMBERED}'"
MOVED = text(f"""
    SELECT identity, snapshot, now_s, moved.*
    FROM ({_NOW}) AS now
    LEFT JOIN (
        {_ROOMS} WHERE {_CAME_LATER}
        UNION ALL {_ROOMS} WHERE {_WERE_OPEN}
        UNION ALL {_REMOVALS} WHERE {_CAME_LATER} AND {_IS_REMEMBERED}
        UNION ALL {_REMOVALS} WHERE {_WERE_OPEN} AND {_IS_REMEMBERED}
    ) AS moved ON true
""")
REMOVED_SINCE = text("""
    SELECT user_id, room_id, reason FROM dialogue_removals
    WHERE removed_at >= to_timestamp(CAST(:since_s AS double precision)) ORDER BY removal_id
""")
SLACK_S = 30
"""So much before a cursor that is worth nothing a removal may have been, of which it did not know."""
# An array: with `IN` it would be another statement for each number of rooms, which the server has to plan each time.
_room_ids: BindParameter[Any] = bindparam("b_room_ids", type_=ARRAY(String))
AT = select(
    rooms.c.room_id, rooms.c.epoch, rooms.c.head, rooms.c.floor, rooms.c.stamp, rooms.c.definition.is_not(None)
).where(rooms.c.room_id == any_(_room_ids))
FROM_THE_FUTURE = text("""
    UPDATE dialogue_rooms SET moved = pg_current_xact_id() WHERE room_id IN (
        SELECT room_id FROM dialogue_rooms WHERE moved >= pg_snapshot_xmax(pg_current_snapshot())
        ORDER BY room_id LIMIT :limit FOR UPDATE
    )
""")
REMOVALS_FROM_THE_FUTURE = text("DELETE FROM dialogue_removals WHERE moved >= pg_snapshot_xmax(pg_current_snapshot())")


@dataclass(frozen=True, slots=True)
class _Cursor:
    """Where, when, and with which snapshot somebody asked: transactions before `next` but `still_open` had ended."""

    identity: str
    next: int
    still_open: tuple[int, ...]
    now_s: int

    @classmethod
    def of(cls, cursor: str) -> _Cursor | None:
        """What the text says; None where it is not one of ours."""
        found = re.fullmatch(r"(.+) \d+:(\d+):([\d,]*) (\d+)", cursor)
        if found is None:
            return None
        return cls(found[1], int(found[2]), tuple(map(int, filter(None, found[3].split(",")))), int(found[4]))


class PostgresqlRoomMoves:
    """`RoomMoves` over a PostgreSQL database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._at = AskedTogether(self._at_each, ASKED_AT_ONCE)

    async def moved(self, since: str | None) -> Moves:
        """See `RoomMoves.moved`."""
        last = None if since is None else _Cursor.of(since)
        found = await self._database.peek(lambda connection: _moved(connection, last))
        if found.is_complete or last is None:
            return found
        removals = await self._database.peek(lambda connection: _removed_since(connection, last.now_s - SLACK_S))
        return replace(found, removals=removals)

    async def at(self, room_ids: Sequence[str]) -> Sequence[RoomMove]:
        """See `RoomMoves.at`."""
        different = list(dict.fromkeys(room_ids))
        if len(different) == 1:  # so a node asks that confirms what it has read: of many rooms at the same time
            move = await self._at(different[0])
            return [] if move is None else [move]
        return await self._database.read(lambda connection: _at(connection, different))

    async def _at_each(self, room_ids: Sequence[str]) -> list[RoomMove | None]:
        found = await self._database.peek(lambda connection: _at(connection, list(dict.fromkeys(room_ids))))
        moves = {move.room_id: move for move in found}
        return [moves.get(room_id) for room_id in room_ids]


def mend_moves(connection: Connection, limit: int = 10_000) -> int:
    """Let up to `limit` rooms move now whose last move lies in the future, as in a restored dump; how many did.

    Removals of such a time are none of the present users'.
    """
    connection.execute(REMOVALS_FROM_THE_FUTURE)
    return connection.execute(FROM_THE_FUTURE, {"limit": limit}).rowcount


def _moved(connection: Connection, last: _Cursor | None) -> Moves:
    if last is None:
        identity, snapshot, now_s = connection.execute(NOW).one()
        return Moves(cursor=f"{identity} {snapshot} {now_s}", rooms=(), is_complete=False)
    parameters = {"next": last.next, "still_open": last.still_open}
    rows = connection.execute(MOVED, parameters).all()
    cursor = f"{rows[0][0]} {rows[0][1]} {rows[0][2]}"
    now = _Cursor.of(cursor)
    assert now is not None
    # Numbers go back where a backup was put into the place of the server's data.
    if now.identity != last.identity or now.next < last.next:
        return Moves(cursor=cursor, rooms=(), is_complete=False)
    removals = sorted(row[-3:] + row[3:4] for row in rows if row[-3] is not None)
    return Moves(
        cursor=cursor,
        rooms=[_move(row[3:9]) for row in rows if row[-3] is None and row[3] is not None],
        removals=[Removal(user_id=user, room_id=room, reason=reason) for _, user, reason, room in removals],
    )


def _removed_since(connection: Connection, since_s: int) -> list[Removal]:
    found = connection.execute(REMOVED_SINCE, {"since_s": since_s})
    return [Removal(user_id=user_id, room_id=room_id, reason=reason) for user_id, room_id, reason in found]


def _at(connection: Connection, room_ids: Sequence[str]) -> list[RoomMove]:
    found: list[RoomMove] = []
    for start in range(0, len(room_ids), ASKED_AT_ONCE):
        rows = connection.execute(AT, {"b_room_ids": room_ids[start : start + ASKED_AT_ONCE]})
        found += map(_move, rows)
    return found


def _move(row: Any) -> RoomMove:
    room_id, epoch, head, floor, stamp, is_made = row
    return RoomMove(room_id=room_id, epoch=epoch, head=head, floor=floor, stamp=stamp, is_made=is_made)
