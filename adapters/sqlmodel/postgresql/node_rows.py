"""The rows that a node has of its own: one in the table of nodes, and one in that of writers for each lane."""

from __future__ import annotations

from sqlalchemy import Connection

KEPT = "1 day"
"""For how long the rows of a node stay that nobody has seen: it may still ask how a commit of its ended."""

_NOW = "(now() AT TIME ZONE 'utc')"
SEEN = f"UPDATE dialogue_nodes SET seen_at = {_NOW} WHERE node_id = $1"
ENTER = f"INSERT INTO dialogue_nodes (node_id, seen_at, is_durable) VALUES ($1, {_NOW}, true)"
FORGET_NODES = f"DELETE FROM dialogue_nodes WHERE coalesce(seen_at, started_at) < {_NOW} - interval '{KEPT}'"
# A node's row is there before its writers' are, and goes before they do.
FORGET_WRITERS = """
    DELETE FROM dialogue_writers AS writer WHERE NOT EXISTS
        (SELECT FROM dialogue_nodes AS node WHERE node.node_id = split_part(writer.writer_id, '.', 1))
"""
LEAVE = "DELETE FROM dialogue_nodes WHERE node_id = $1"
LEAVE_WRITERS = "DELETE FROM dialogue_writers WHERE split_part(writer_id, '.', 1) = $1"


def enter(connection: Connection, node_id: str) -> None:
    """Note that a node runs, and forget those that have not been seen for long."""
    connection.exec_driver_sql(ENTER, (node_id,))
    connection.exec_driver_sql(FORGET_NODES)
    connection.exec_driver_sql(FORGET_WRITERS)


def still_here(connection: Connection, node_id: str) -> None:
    """Note that it runs still: a small write, which tells whether anything can be written."""
    if connection.exec_driver_sql(SEEN, (node_id,)).rowcount == 0:
        connection.exec_driver_sql(ENTER, (node_id,))


def leave(connection: Connection, node_id: str) -> None:
    """Note that it has stopped, with nothing left to be asked about."""
    connection.exec_driver_sql(LEAVE, (node_id,))
    connection.exec_driver_sql(LEAVE_WRITERS, (node_id,))
