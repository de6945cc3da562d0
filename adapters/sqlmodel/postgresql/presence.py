"""Who is in the rooms, over all nodes of a database. Times are the database's, read when they are needed."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any

from sqlalchemy import Connection, text

from ....domain.errors import RoomFull
from ....domain.ports.presence import LeaseOver, NodeCrowd, NodeLife, NodeReplaced
from ..database import Database

FORGOTTEN = "1 hour"
"""So long it is remembered that a node was there, or that a room was left: no word is on its way for longer."""
FORGET_S = 600.0
"""So often what may be forgotten is looked for."""

_UNTIL = "clock_timestamp() + make_interval(secs => CAST(:lease_s AS double precision))"
IS_THERE = text(
    "SELECT count(*) FROM dialogue_leases WHERE node_id = :node AND life = :life AND until > clock_timestamp()"
)
RENEW = text(f"""
    UPDATE dialogue_leases SET until = {_UNTIL}
    WHERE node_id = :node AND life = :life AND until > clock_timestamp()
""")
BEGIN = text(f"""
    INSERT INTO dialogue_leases AS lease (node_id, life, until) VALUES (:node, :life, {_UNTIL})
    ON CONFLICT (node_id) DO UPDATE SET life = excluded.life, until = excluded.until
    WHERE CASE WHEN lease.until > clock_timestamp() THEN lease.life < excluded.life
        ELSE lease.life <> excluded.life END
""")
LEAVE_ROOMS = text("DELETE FROM dialogue_crowds WHERE node_id = :node")
LEAVE = text("UPDATE dialogue_leases SET until = clock_timestamp() WHERE node_id = :node AND life = :life")
LEASE_OF = text("SELECT life FROM dialogue_leases WHERE node_id = :node")
FORGET_NODES = text(f"""
    WITH dead AS (
        SELECT node_id FROM dialogue_leases WHERE until < clock_timestamp() - interval '{FORGOTTEN}'
        ORDER BY node_id FOR UPDATE SKIP LOCKED
    ), crowds AS (
        DELETE FROM dialogue_crowds WHERE node_id IN (SELECT node_id FROM dead)
    )
    DELETE FROM dialogue_leases WHERE node_id IN (SELECT node_id FROM dead)
""")
FORGET_ROOMS = text(f"""
    DELETE FROM dialogue_crowds
    WHERE node_id = :node AND sessions = 0 AND said_at < clock_timestamp() - interval '{FORGOTTEN}'
""")
# What a transaction of an earlier life wrote behind the beginning of the present one does not count.
_OF_OTHERS = """
    FROM dialogue_crowds AS crowd
    JOIN dialogue_leases AS lease ON lease.node_id = crowd.node_id AND lease.life = crowd.life
    WHERE crowd.node_id <> :node AND lease.until > clock_timestamp() AND crowd.sessions > 0
"""
_IN_ROOMS = "AND crowd.room_id = ANY (CAST(:rooms AS text[]))"
COUNT = text(f"SELECT coalesce(sum(crowd.sessions), 0) {_OF_OTHERS} {_IN_ROOMS}")
OTHERS = text(f"SELECT crowd.room_id, crowd.sessions, crowd.users {_OF_OTHERS} {_IN_ROOMS}")
# Reads what all nodes have said, without an index: it is asked seldom, and told often.
ROOMS_OF = text(f"SELECT crowd.room_id, crowd.users {_OF_OTHERS} AND crowd.users LIKE :spelt")
_IS_LATER = "WHERE (crowd.life, crowd.number) < (excluded.life, excluded.number)"
CLAIM = text(f"""
    INSERT INTO dialogue_crowds AS crowd (room_id, node_id, life, number, sessions, users)
    VALUES (:room, :node, :life, :number, :sessions, '{{}}')
    ON CONFLICT (room_id, node_id) DO UPDATE SET
        life = excluded.life, number = excluded.number, sessions = excluded.sessions, said_at = clock_timestamp(),
        users = CASE WHEN crowd.life = excluded.life THEN crowd.users ELSE excluded.users END
    {_IS_LATER}
""")
PUT = text(f"""
    INSERT INTO dialogue_crowds AS crowd (room_id, node_id, life, number, sessions, users)
    SELECT room_id, :node, :life, :number, sessions, users
    FROM unnest(CAST(:rooms AS text[]), CAST(:sessions AS integer[]), CAST(:users AS text[]))
        AS told (room_id, sessions, users)
    ORDER BY room_id
    ON CONFLICT (room_id, node_id) DO UPDATE SET
        life = excluded.life, number = excluded.number, sessions = excluded.sessions, said_at = clock_timestamp(),
        users = excluded.users
    {_IS_LATER}
""")
TAKE_TURN = text(f"""
    INSERT INTO dialogue_turns AS turn (work, node_id, until) VALUES (:work, :node, {_UNTIL})
    ON CONFLICT (work) DO UPDATE SET node_id = excluded.node_id, until = excluded.until
    WHERE turn.node_id = excluded.node_id OR turn.until <= clock_timestamp()
""")


class PostgresqlPresence:
    """`Presence` over a PostgreSQL database."""

    def __init__(self, database: Database, forgets_every_s: float = FORGET_S) -> None:
        self._database = database
        self._forgets_every_s = forgets_every_s
        self._forget_at_s = 0.0

    async def renew(self, node: NodeLife, lease_s: float) -> None:
        """See `Presence.renew`."""
        forgets = self._forget_at_s <= monotonic()
        await self._database.write(lambda connection: _renew(connection, node, lease_s, forgets=forgets))
        if forgets:
            self._forget_at_s = monotonic() + self._forgets_every_s

    async def claim(self, node: NodeLife, number: int, room_id: str, sessions: int, max_size: int) -> None:
        """See `Presence.claim`."""

        def claim(connection: Connection) -> None:
            # All claims of a room wait for one another here, and see one another's afterwards.
            self._database.one_at_a_time(connection, f"room {room_id}")
            _claim(connection, node, number, (room_id, sessions, max_size))

        await self._database.write(claim)

    async def put(self, node: NodeLife, number: int, crowds: Sequence[NodeCrowd]) -> None:
        """See `Presence.put`."""
        await self._database.write(lambda connection: _put(connection, node, number, crowds))

    async def others(self, node_id: str, room_ids: Sequence[str]) -> Sequence[NodeCrowd]:
        """See `Presence.others`."""
        if not room_ids:
            return []
        asked = {"rooms": [*dict.fromkeys(room_ids)], "node": node_id}
        found = await self._database.read(lambda connection: connection.execute(OTHERS, asked).all())
        return [
            NodeCrowd(room_id=room_id, sessions=sessions, users=None if users is None else _users(json.loads(users)))
            for room_id, sessions, users in found
        ]

    async def rooms_of(self, node_id: str, user_id: str) -> Mapping[str, int]:
        """See `Presence.rooms_of`."""
        asked = {"node": node_id, "spelt": _spelt(user_id)}
        rooms = await self._database.read(lambda connection: connection.execute(ROOMS_OF, asked).all())
        found = Counter[str]()
        for room_id, users in rooms:
            found[room_id] += _users(json.loads(users)).get(user_id, 0)
        return +found

    async def leave(self, node: NodeLife) -> None:
        """See `Presence.leave`."""
        await self._database.write(lambda connection: _leave(connection, node))

    async def take_turn(self, work: str, node_id: str, lease_s: float) -> bool:
        """See `Presence.take_turn`."""
        wanted = {"work": work, "node": node_id, "lease_s": lease_s}
        return await self._database.write(lambda connection: connection.execute(TAKE_TURN, wanted).rowcount == 1)


def _life(node: NodeLife) -> dict[str, Any]:
    return {"node": node.node_id, "life": node.life}


def _users(told: dict[str, int] | list[str]) -> dict[str, int]:
    """Nodes of an earlier version told each user once."""
    return told if isinstance(told, dict) else dict.fromkeys(told, 1)


def _spelt(user_id: str) -> str:
    """What is LIKE the text of users among whom the user is: maybe others, too."""
    literal = re.sub(r"([\\%_])", r"\\\1", json.dumps(user_id))
    return f"%{literal}%"


def _ensure_there(connection: Connection, node: NodeLife) -> None:
    if not connection.execute(IS_THERE, _life(node)).scalar_one():
        raise LeaseOver


def _renew(connection: Connection, node: NodeLife, lease_s: float, *, forgets: bool) -> None:
    wanted = _life(node) | {"lease_s": lease_s}
    if not connection.execute(RENEW, wanted).rowcount:
        if not connection.execute(BEGIN, wanted).rowcount:
            is_over = connection.execute(LEASE_OF, _life(node)).scalar() == node.life
            raise LeaseOver if is_over else NodeReplaced(node.node_id)
        connection.execute(LEAVE_ROOMS, _life(node))
    if forgets:
        connection.execute(FORGET_NODES)
        connection.execute(FORGET_ROOMS, _life(node))


def _claim(connection: Connection, node: NodeLife, number: int, wanted: tuple[str, int, int]) -> None:
    room_id, sessions, max_size = wanted
    _ensure_there(connection, node)
    if connection.execute(COUNT, {"rooms": [room_id], "node": node.node_id}).scalar_one() + sessions > max_size:
        raise RoomFull(room_id, max_size)
    connection.execute(CLAIM, _life(node) | {"number": number, "room": room_id, "sessions": sessions})


def _put(connection: Connection, node: NodeLife, number: int, crowds: Sequence[NodeCrowd]) -> None:
    _ensure_there(connection, node)
    told = {crowd.room_id: crowd for crowd in crowds}.values()
    connection.execute(
        PUT,
        _life(node)
        | {
            "number": number,
            "rooms": [crowd.room_id for crowd in told],
            "sessions": [crowd.sessions for crowd in told],
            "users": [None if crowd.users is None else json.dumps(dict(crowd.users)) for crowd in told],
        },
    )


def _leave(connection: Connection, node: NodeLife) -> None:
    if connection.execute(LEAVE, _life(node)).rowcount:
        connection.execute(LEAVE_ROOMS, _life(node))
