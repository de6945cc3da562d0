"""The rooms, in a process whose files cannot grow, or whose database cannot be written to.

An event `typing` in the room `side` says what is in force from then on: a number of bytes past which no file grows,
`read-only`, or `unlimited`; one in the room `hall` answers that it is.
"""

from __future__ import annotations

import resource

from sqlalchemy import Connection, Engine, event

from dialogue import Event

from .rooms import create, typing


class Limits:
    """What the database is kept from."""

    def __init__(self) -> None:
        self.is_read_only = False

    async def set(self, wanted: Event) -> None:
        """Put in force what an event says."""
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        soft = wanted.data if isinstance(wanted.data, int) else hard
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        self.is_read_only = wanted.data == "read-only"
        await dialogue.trigger("hall", typing, wanted.data, sender="limits")

    def begin(self, connection: Connection) -> None:
        """SQLite then refuses to write as it does where the file system became read-only: with SQLITE_READONLY. Taking
        the file's permissions away would not do: it stays open."""
        if self.is_read_only:
            connection.exec_driver_sql("PRAGMA query_only = ON")


limits = Limits()
event.listen(Engine, "begin", limits.begin)
dialogue = create()
dialogue.on("side", typing, limits.set)
