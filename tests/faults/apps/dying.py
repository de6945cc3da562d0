"""The rooms over SQLite, in a process that kills itself, as `kill -9` would, at the point that `DIE_AT` names.

`statement N` is before the N-th statement of the writing connection, counted from the first event that it writes;
`instruction N` in the middle of one, after N thousand steps of SQLite's machine; `commit N` before the N-th COMMIT,
`committed N` after it, before anyone is told.
"""

from __future__ import annotations

import os
import signal
import sqlite3
from functools import partial
from itertools import count
from typing import Any

from sqlalchemy import Engine, Pool, event

from .rooms import create

POINT, _, _number = os.environ["DIE_AT"].partition(" ")
NUMBER = int(_number)
STEPS = 1_000


class Death:
    """Watches the connection that events are written over, once it is known."""

    def __init__(self) -> None:
        self._writer: object = None
        self._passed = {kind: count(1) for kind in ("statement", "instruction", "commit", "committed")}

    def at_connect(self, driver: sqlite3.Connection, _: object) -> None:
        """Listen to a new connection: SQLite itself tells, whoever gave it the statement."""
        driver.set_trace_callback(partial(self.at_statement, driver))
        driver.set_progress_handler(partial(self.at_instruction, driver), STEPS)

    def at_statement(self, driver: sqlite3.Connection, statement: str) -> None:
        """Before a statement of any connection."""
        if self._writer is None and statement.startswith("INSERT") and " INTO messages" in statement:
            self._writer = driver
        if self._writer is driver:
            self._pass("statement")

    def at_instruction(self, driver: sqlite3.Connection) -> int:
        """Somewhere in a statement."""
        if self._writer is driver:
            self._pass("instruction")
        return 0

    def at_commit(self, connection: Any) -> None:
        """Before a COMMIT."""
        if self._writer is connection.connection.dbapi_connection:
            self._pass("commit")

    def at_release(self, dbapi_connection: object, *_: object) -> None:
        """After a transaction."""
        if self._writer is dbapi_connection:
            self._pass("committed")

    def _pass(self, kind: str) -> None:
        if next(self._passed[kind]) == NUMBER and kind == POINT:
            os.kill(os.getpid(), signal.SIGKILL)


death = Death()
event.listen(Pool, "connect", death.at_connect)
event.listen(Engine, "commit", death.at_commit)
event.listen(Pool, "reset", death.at_release)
dialogue = create()
