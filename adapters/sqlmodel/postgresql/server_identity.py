"""Which PostgreSQL it is that we talk to: a promoted replica that lost the end of the history is another one."""

from __future__ import annotations

import logging
from typing import NamedTuple

import asyncpg
from sqlalchemy import CheckConstraint, Column, Connection, MetaData, SmallInteger, String, Table, select
from sqlalchemy.dialects.postgresql import insert

from ..epochs import new_epochs
from .driver import DriverConnection

LOCK = 0x6469616C6F677566
"""Any number, the same in all versions: nobody else takes this lock."""
IDENTITY = """
    SELECT system_identifier::text, CASE WHEN NOT pg_is_in_recovery()
        THEN left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) END
    FROM pg_control_system()
"""

metadata = MetaData()
server = Table(
    "dialogue_server",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("system_identifier", String(32), nullable=False),
    Column("timeline", String(8), nullable=False),
    CheckConstraint("id = 1", name="ck_dialogue_server_one_row"),
)
KNOWN = select(server.c.system_identifier, server.c.timeline)
_new = insert(server)
REMEMBER = _new.on_conflict_do_update(
    index_elements=[server.c.id],
    set_={"system_identifier": _new.excluded.system_identifier, "timeline": _new.excluded.timeline},
)

logger = logging.getLogger("dialogue.database")


class ServerIdentity(NamedTuple):
    """A cluster by PostgreSQL's own number, and its timeline, which grows with each promotion (None: on a standby)."""

    system_identifier: str
    timeline: str | None


class AnotherServer(Exception):
    """A new connection has reached another server, or another life of it, than the last one did."""


async def identity_of(raw: DriverConnection) -> ServerIdentity | None:
    """Which server it is; None where it does not say."""
    try:
        return ServerIdentity(*await raw.fetchrow(IDENTITY))
    except (asyncpg.InsufficientPrivilegeError, asyncpg.UndefinedFunctionError, asyncpg.FeatureNotSupportedError):
        return None


def settle_identity(connection: Connection, found: ServerIdentity, *, is_synchronous: bool) -> int:
    """Remember the server that was found; how many rooms had to begin a new life, because it may have lost events.

    Of several nodes that find it, the first one does it, and the others wait for that. With `is_synchronous` a replica
    of the same cluster has all that was answered for, whatever its timeline.
    """
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock($1)", (LOCK,))
    known = connection.execute(KNOWN).one_or_none()
    if known is not None and tuple(known) == found:
        return 0
    connection.execute(REMEMBER, {"id": 1, **found._asdict()})
    if known is None or (is_synchronous and known.system_identifier == found.system_identifier):
        return 0
    renewed = new_epochs(connection)
    logger.warning(
        "this database server is another one than before (%s, was %s) and may have lost events: new epochs (%d)",
        found,
        ServerIdentity(*known),
        renewed,
    )
    return renewed
