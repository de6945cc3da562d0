"""New lives for rooms whose history may have lost its tail, or was restored to an earlier state."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection, bindparam, func, select

from .room_head import STAMPED, new_epoch
from .tables import nodes, rooms, writers

UNSAFE = select(func.count()).select_from(nodes).where(nodes.c.is_durable.is_(False))
ROOMS = select(rooms.c.room_id)
RENEW = rooms.update().where(rooms.c.room_id == bindparam("b_room_id")).values(epoch=bindparam("b_epoch"), **STAMPED)

RENEW_ON_POSTGRESQL = """
    WITH locked AS (SELECT room_id FROM dialogue_rooms ORDER BY room_id FOR UPDATE)
    UPDATE dialogue_rooms AS room
    SET epoch = left(replace(gen_random_uuid()::text, '-', ''), 16), stamp = stamp + 1
    FROM locked WHERE room.room_id = locked.room_id
"""
"""Locked in the order in which whoever keeps events locks them; a million of them would hold the loop for long."""


def begin_running(connection: Connection, node_id: str, *, is_durable: bool) -> int:
    """Note that a server runs; how many rooms had to begin a new life, because the one before may have lost events.

    SQLite is one process's: whoever is in the table did not stop cleanly. A server that is not durable and was killed
    may have answered for what a power cut then took. Nobody can tell a kill from a power cut afterwards.
    """
    renewed = new_epochs(connection) if connection.execute(UNSAFE).scalar_one() else 0
    connection.execute(nodes.delete())
    connection.execute(writers.delete())
    connection.execute(nodes.insert(), {"node_id": node_id, "is_durable": is_durable})
    return renewed


def still_running(connection: Connection) -> None:
    """Note that the server runs still: a small write, which tells whether anything can be written.

    It is another value each time: SQLite writes nothing where a row stays as it is, and CURRENT_TIMESTAMP does for a
    second.
    """
    connection.execute(nodes.update().values(seen_at=datetime.now(UTC)))


def end_running(connection: Connection) -> None:
    """Note that the server has stopped cleanly."""
    connection.execute(nodes.delete())


def new_epochs(connection: Connection) -> int:
    """Give every room a new epoch, its history staying as it is; how many rooms there are."""
    if connection.dialect.name == "postgresql":
        return connection.exec_driver_sql(RENEW_ON_POSTGRESQL).rowcount
    renewed = [{"b_room_id": room_id, "b_epoch": new_epoch()} for (room_id,) in connection.execute(ROOMS)]
    if renewed:
        connection.execute(RENEW, renewed)
    return len(renewed)
