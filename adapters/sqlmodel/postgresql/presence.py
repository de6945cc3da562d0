"""Who is in the rooms, over all nodes of a database. Times are the database's, read when they are needed."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import Connection, text

from ....domain.errors import RoomFull
from ....domain.ports.presence import LeaseOver, NodeCrowd
from ..database import Database

FORGOTTEN = "1 hour"
"""So long after its lease what a node has said is removed; nobody counts it from the end of the lease on."""

_UNTIL = "clock_timestamp() + make_interval(secs => CAST(:lease_s AS double precision))"
IS_THERE = text("SELECT count(*) FROM dialogue_leases WHERE node_id = :node AND until > clock_timestamp()")
RENEW = text(f"""
    INSERT INTO dialogue_leases (node_id, until) VALUES (:node, {_UNTIL})
    ON CONFLICT (node_id) DO UPDATE SET until = excluded.until
""")
LEAVE_ROOMS = text("DELETE FROM dialogue_crowds WHERE node_id = :node")
LEAVE = text("DELETE FROM dialogue_leases WHERE node_id = :node")
FORGET = text(f"""
    WITH dead AS (
        SELECT node_id FROM dialogue_leases WHERE until < clock_timestamp() - interval '{FORGOTTEN}'
        ORDER BY node_id FOR UPDATE SKIP LOCKED
    ), crowds AS (
        DELETE FROM dialogue_crowds WHERE node_id IN (SELECT node_id FROM dead)
    )
    DELETE FROM dialogue_leases WHERE node_id IN (SELECT node_id FROM dead)
""")
# All claims of a room wait for one another here, and see one another's afterwards.
ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('dialogue room ' || CAST(:room AS text), 0))")
_OF_OTHERS = """
    FROM dialogue_crowds AS crowd JOIN dialogue_leases AS lease ON lease.node_id = crowd.node_id
    WHERE crowd.room_id = ANY (CAST(:rooms AS text[])) AND crowd.node_id <> :node
    AND lease.until > clock_timestamp() AND crowd.sessions > 0
"""
COUNT = text(f"SELECT coalesce(sum(crowd.sessions), 0) {_OF_OTHERS}")
OTHERS = text(f"SELECT crowd.room_id, crowd.sessions, crowd.users {_OF_OTHERS}")
CLAIM = text("""
    INSERT INTO dialogue_crowds (room_id, node_id, sessions, users) VALUES (:room, :node, :sessions, '[]')
    ON CONFLICT (room_id, node_id) DO UPDATE SET sessions = excluded.sessions
""")
PUT = text("""
    INSERT INTO dialogue_crowds (room_id, node_id, sessions, users)
    SELECT room_id, :node, sessions, users
    FROM unnest(CAST(:rooms AS text[]), CAST(:sessions AS integer[]), CAST(:users AS text[]))
        AS told (room_id, sessions, users)
    ON CONFLICT (room_id, node_id) DO UPDATE SET sessions = excluded.sessions, users = excluded.users
""")
REMOVE = text("DELETE FROM dialogue_crowds WHERE node_id = :node AND room_id = ANY (CAST(:rooms AS text[]))")
TAKE_TURN = text(f"""
    INSERT INTO dialogue_turns AS turn (work, node_id, until) VALUES (:work, :node, {_UNTIL})
    ON CONFLICT (work) DO UPDATE SET node_id = excluded.node_id, until = excluded.until
    WHERE turn.node_id = excluded.node_id OR turn.until <= clock_timestamp()
""")


class PostgresqlPresence:
    """`Presence` over a PostgreSQL database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def renew(self, node_id: str, lease_s: float) -> bool:
        """See `Presence.renew`."""
        return await self._database.write(lambda connection: _renew(connection, node_id, lease_s))

    async def claim(self, node_id: str, room_id: str, sessions: int, max_size: int) -> None:
        """See `Presence.claim`."""
        await self._database.write(lambda connection: _claim(connection, node_id, room_id, sessions, max_size))

    async def put(self, node_id: str, crowds: Sequence[NodeCrowd]) -> None:
        """See `Presence.put`."""
        await self._database.write(lambda connection: _put(connection, node_id, crowds))

    async def others(self, node_id: str, room_ids: Sequence[str]) -> Sequence[NodeCrowd]:
        """See `Presence.others`."""
        if not room_ids:
            return []
        asked = {"rooms": [*dict.fromkeys(room_ids)], "node": node_id}
        found = await self._database.read(lambda connection: connection.execute(OTHERS, asked).all())
        return [
            NodeCrowd(room_id=room_id, sessions=sessions, users=None if users is None else tuple(json.loads(users)))
            for room_id, sessions, users in found
        ]

    async def leave(self, node_id: str) -> None:
        """See `Presence.leave`."""
        await self._database.write(lambda connection: _leave(connection, node_id))

    async def take_turn(self, work: str, node_id: str, lease_s: float) -> bool:
        """See `Presence.take_turn`."""
        wanted = {"work": work, "node": node_id, "lease_s": lease_s}
        return await self._database.write(lambda connection: connection.execute(TAKE_TURN, wanted).rowcount == 1)


def _is_there(connection: Connection, node_id: str) -> bool:
    return bool(connection.execute(IS_THERE, {"node": node_id}).scalar_one())


def _renew(connection: Connection, node_id: str, lease_s: float) -> bool:
    was_there = _is_there(connection, node_id)
    connection.execute(RENEW, {"node": node_id, "lease_s": lease_s})
    if not was_there:
        connection.execute(LEAVE_ROOMS, {"node": node_id})
        connection.execute(FORGET)
    return was_there


def _claim(connection: Connection, node_id: str, room_id: str, sessions: int, max_size: int) -> None:
    connection.execute(ONE_AT_A_TIME, {"room": room_id})
    if not _is_there(connection, node_id):
        raise LeaseOver
    if connection.execute(COUNT, {"rooms": [room_id], "node": node_id}).scalar_one() + sessions > max_size:
        raise RoomFull(room_id, max_size)
    connection.execute(CLAIM, {"room": room_id, "node": node_id, "sessions": sessions})


def _put(connection: Connection, node_id: str, crowds: Sequence[NodeCrowd]) -> None:
    if not _is_there(connection, node_id):
        raise LeaseOver
    told = {crowd.room_id: crowd for crowd in crowds}
    here = [crowd for crowd in told.values() if crowd.sessions]
    connection.execute(REMOVE, {"node": node_id, "rooms": [each for each in told if not told[each].sessions]})
    connection.execute(
        PUT,
        {
            "node": node_id,
            "rooms": [crowd.room_id for crowd in here],
            "sessions": [crowd.sessions for crowd in here],
            "users": [None if crowd.users is None else json.dumps(crowd.users) for crowd in here],
        },
    )


def _leave(connection: Connection, node_id: str) -> None:
    connection.execute(LEAVE_ROOMS, {"node": node_id})
    connection.execute(LEAVE, {"node": node_id})
